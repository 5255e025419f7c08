//! The public names of users.

use std::{fmt, str::FromStr};

use caseless::Caseless;
use precis_profiles::{
    UsernameCaseMapped,
    precis_core::profile::{Profile, Rules},
};
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A user's public name: 1 to 32 characters, shown as typed, compared by its canonical form.
///
/// Everything that RFC 8265's `UsernameCaseMapped` rejects is rejected: blanks, control characters,
/// invisible characters, symbols, compatibility forms such as ligatures, right-to-left letters
/// mixed with others, and characters younger than the Unicode 6.3 of its registry. Because of that
/// last limit a stored canonical form never changes: Unicode does not change the folding of
/// assigned characters. ASCII punctuation is allowed, including slashes and brackets, so a client
/// must escape an alias that it shows. Look-alike letters of different scripts are different
/// letters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Alias {
    typed: String,
    canonical: String,
}

impl Alias {
    const MAX_CHARACTERS: usize = 32;

    /// Parses an alias. Nothing is trimmed.
    ///
    /// # Errors
    /// If the text is empty, too long, or has characters that an alias cannot have.
    pub fn parse(text: &str) -> Result<Self, InvalidAlias> {
        if text.is_empty() {
            return Err(InvalidAlias::Empty);
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidAlias::TooLong);
        }
        let canonical = canonicalize(text)?;
        Ok(Self { typed: text.to_owned(), canonical })
    }

    /// Returns the alias as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Returns the canonical form, by which aliases are compared. It can be longer than the alias:
    /// `ß` becomes `ss`.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// The reason why a text is not an alias. The messages are shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAlias {
    /// Nothing at all.
    #[error("must not be empty")]
    Empty,
    /// More than 32 characters.
    #[error("must be at most 32 characters")]
    TooLong,
    /// White space, anywhere.
    #[error("must not contain whitespace")]
    Blank,
    /// An at-sign, or what becomes one: an alias never looks like an address.
    #[error("must not contain an @")]
    AtSign,
    /// A character outside PRECIS' `IdentifierClass`.
    #[error("must contain only visible letters, digits and ASCII punctuation")]
    Character,
    /// Letters of both directions, or right-to-left ones in an order that RFC 5893 forbids.
    #[error("must not mix right-to-left and left-to-right letters, nor start with a digit in right-to-left text")]
    Direction,
}

/// Two texts have the same canonical form if `UsernameCaseMapped` takes them for the same, and also
/// if they match without regard to case and compatibility (The Unicode Standard, D146): the profile
/// alone would let `strasse` and `straße` be two users.
fn canonicalize(text: &str) -> Result<String, InvalidAlias> {
    if text.contains(char::is_whitespace) {
        return Err(InvalidAlias::Blank);
    }
    // The profile takes joiners where scripts need them; but nobody sees whether they are there.
    if text.contains(['\u{200c}', '\u{200d}']) {
        return Err(InvalidAlias::Character);
    }
    let profile = UsernameCaseMapped::new();
    let prepared = profile.prepare(text).map_err(|_| InvalidAlias::Character)?;
    // Looked for here because the profile has made a U+0040 of a U+FF20.
    if prepared.contains('@') {
        return Err(InvalidAlias::AtSign);
    }
    let lower = profile.case_mapping_rule(prepared).map_err(|_| InvalidAlias::Character)?;
    let mapped = profile.normalization_rule(lower).map_err(|_| InvalidAlias::Character)?;
    // A mark that begins an alias would sit on whatever is shown before it.
    if mapped.starts_with(is_combining_mark) {
        return Err(InvalidAlias::Character);
    }
    // RFC 5893 §2 lets marks stand anywhere but first, the crate only at the end: nothing in Thaana
    // would pass.
    let unmarked: String = mapped.chars().filter(|character| !is_combining_mark(*character)).collect();
    profile.directionality_rule(unmarked).map_err(|_| InvalidAlias::Direction)?;
    Ok(mapped.nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect())
}

impl FromStr for Alias {
    type Err = InvalidAlias;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Alias {
    type Error = InvalidAlias;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.typed
    }
}

/// Tells nothing: what people typed does not belong in logs.
impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alias(..)")
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        Alias::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}")).canonical().to_owned()
    }

    #[test]
    fn an_alias_is_shown_as_typed() {
        let plain = "j john.doe john_doe-1 John !#$%&'*+-/=?^_`{|}~ ../ <b>\\\"";
        let scripts = "Jos\u{e9} Jose\u{301} \u{dc}nal \u{674e}\u{96f7} \u{ae40}\u{bbfc}\u{c900} \u{41c}\u{430}\u{448}\u{430} \
            \u{5d3}\u{5d5}\u{5d3}7 \u{645}\u{62d}\u{645}\u{62f}\u{661} col\u{b7}lega";
        let vowels_within = "\u{645}\u{64f}\u{62d}\u{64e}\u{645}\u{64e}\u{651}\u{62f} \u{787}\u{7a6}\u{799}\u{7a9} \
            \u{930}\u{92e}\u{947}\u{936}";
        for typed in [plain, scripts, vowels_within].into_iter().flat_map(|aliases| aliases.split(' ')) {
            let alias = typed.parse::<Alias>().unwrap_or_else(|error| panic!("{typed:?} {error}"));
            assert_eq!(alias.as_str(), typed);
        }
    }

    #[test]
    fn aliases_that_differ_in_case_width_or_composition_are_one() {
        let groups = [
            "john John JOHN \u{ff2a}\u{ff4f}\u{ff28}\u{ff4e}",
            "strasse STRASSE stra\u{df}e STRA\u{1e9e}E",
            "jos\u{e9} JOS\u{c9} jose\u{301} JOSE\u{301}",
            "\u{3bf}\u{3b4}\u{3bf}\u{3c2} \u{3bf}\u{3b4}\u{3bf}\u{3c3} \u{39f}\u{394}\u{39f}\u{3a3}",
            "\u{1f80} \u{1f00}\u{345} \u{1f00}\u{3b9} \u{1f08}\u{399}",
            "\u{30ac} \u{ff76}\u{ff9e} \u{30ab}\u{3099}",
            "\u{1f0} J\u{30c} j\u{30c}",
            "i\u{307} \u{130} I\u{307}",
        ];
        for group in groups {
            let forms: BTreeSet<String> = group.split(' ').map(canonical).collect();
            assert_eq!(forms.len(), 1, "{forms:?}");
        }
        assert_eq!(canonical("STRA\u{1e9e}E"), "strasse");
        // Its lower case is younger than Unicode 6.3; folding goes back to the letter itself.
        assert_eq!(canonical("\u{13a0}"), "\u{13a0}");
    }

    #[test]
    fn letters_that_only_resemble_each_other_are_different() {
        for (one, other) in [("i", "\u{131}"), ("john", "j0hn"), ("a", "\u{430}"), ("o", "\u{f6}"), ("john", "john.")] {
            assert_ne!(canonical(one), canonical(other));
        }
    }

    #[test]
    fn an_alias_has_1_to_32_characters_whatever_their_bytes() {
        assert_eq!(Alias::parse(""), Err(InvalidAlias::Empty));
        for letter in ["x", "\u{e9}", "\u{df}", "\u{674e}", "\u{20000}"] {
            assert!(Alias::parse(&letter.repeat(32)).is_ok(), "{letter}");
            assert_eq!(Alias::parse(&letter.repeat(33)), Err(InvalidAlias::TooLong), "{letter}");
        }
        assert_eq!(Alias::parse(&"x".repeat(10_000)), Err(InvalidAlias::TooLong));
    }

    #[test]
    fn blanks_are_refused_and_never_cut() {
        for blank in " \t\n\r\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{202f}\u{3000}".chars() {
            for typed in [blank.to_string(), format!("{blank}john"), format!("john{blank}"), format!("john{blank}doe")]
            {
                assert_eq!(Alias::parse(&typed), Err(InvalidAlias::Blank), "{typed:?}");
            }
        }
    }

    #[test]
    fn nothing_that_looks_like_an_address_is_an_alias() {
        for typed in ["john@doe.net", "@", "@john", "john@", "john\u{ff20}doe.net"] {
            assert_eq!(Alias::parse(typed), Err(InvalidAlias::AtSign), "{typed:?}");
        }
        assert_eq!(Alias::parse("john\u{fe6b}doe.net"), Err(InvalidAlias::Character));
    }

    #[test]
    fn unseen_characters_symbols_and_compatibility_forms_are_refused() {
        let controls = "john\0 \u{1b}[31m \u{7f} \u{9f} \u{fdd0} \u{ffff} \u{e000}";
        let directions =
            "\u{61c}x \u{200e}x \u{200f}x \u{202a}x \u{202b}x \u{202c}x \u{202d}x \u{202e}x \u{2066}x \u{2069}x";
        let unseen = "jo\u{ad}hn jo\u{34f}hn jo\u{200b}hn jo\u{200c}hn jo\u{200d}hn jo\u{2060}hn \u{feff}john john\u{fe0f} \
            \u{115f} \u{3164} \u{ffa0} \u{17b4} \u{180e} \u{2800} \u{e0061} \u{e0100}";
        // Even where the profile takes them.
        let joiners = "\u{915}\u{94d}\u{200d}\u{937} \u{915}\u{94d}\u{200c}\u{937}";
        let marks_without_a_letter = "\u{301} \u{301}john \u{ff9e}";
        let compatibility =
            "\u{fb01} \u{212a}elvin \u{2126} \u{17f} \u{24d9}ohn \u{1d4f3}ohn john\u{b2} \u{2025} \u{1c4}";
        let symbols = "\u{1f600} \u{20ac} \u{2019} \u{ab} \u{b7} \u{fffd}";
        for aliases in [controls, directions, unseen, joiners, marks_without_a_letter, compatibility, symbols] {
            for typed in aliases.split(' ') {
                assert_eq!(Alias::parse(typed), Err(InvalidAlias::Character), "{typed:?}");
            }
        }
    }

    #[test]
    fn directions_do_not_mix() {
        for typed in ["john\u{5d3}", "\u{5d3}john", "1\u{5d3}", "\u{5d3}.", "\u{627}1\u{661}"] {
            assert_eq!(Alias::parse(typed), Err(InvalidAlias::Direction), "{typed:?}");
        }
    }

    #[test]
    fn every_single_character_is_refused_or_has_a_canonical_form_that_stays() {
        // Beyond are ideographs, tags and private use.
        for character in '\0'..='\u{1ffff}' {
            let typed = character.to_string();
            let Ok(alias) = Alias::parse(&typed) else { continue };
            if alias.canonical() != typed {
                assert_eq!(canonicalize(alias.canonical()).as_deref(), Ok(alias.canonical()), "{character:?}");
            }
            for other in [character.to_lowercase().to_string(), character.to_uppercase().to_string()] {
                // U+0131 is the one letter that folding keeps from its upper case, which is that of
                // i as well.
                if other != typed && character != '\u{131}' {
                    let other = Alias::parse(&other).map(|other| other.canonical);
                    assert!(other.is_err() || other.as_deref() == Ok(alias.canonical()), "{character:?}");
                }
            }
        }
    }

    #[test]
    fn an_alias_is_stored_as_typed_and_checked_when_read() {
        let alias = Alias::parse("Jos\u{e9}").unwrap();
        assert_eq!(serde_json::to_string(&alias).unwrap(), "\"Jos\u{e9}\"");
        assert_eq!(serde_json::from_str::<Alias>("\"Jos\u{e9}\"").unwrap(), alias);
        let refused = serde_json::from_str::<Alias>(r#""john doe""#).unwrap_err();
        assert_eq!(refused.to_string(), InvalidAlias::Blank.to_string());
    }

    #[test]
    fn every_message_is_a_printable_line_that_follows_the_name_of_the_field() {
        use InvalidAlias::{AtSign, Blank, Character, Direction, Empty, TooLong};
        for error in [Empty, TooLong, Blank, AtSign, Character, Direction] {
            let message = error.to_string();
            let printable = message.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(printable && message.starts_with("must "), "{message}");
        }
    }

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", Alias::parse("john").unwrap()), "Alias(..)");
    }

    fn check(text: &str) {
        properties::check(text);
        if let Ok(alias) = Alias::parse(text) {
            assert_eq!(canonicalize(alias.canonical()), Ok(alias.canonical().to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_a_sound_alias(text in any::<String>()) {
            check(&text);
        }

        #[test]
        fn letters_marks_and_digits_make_sound_aliases(
            text in r"[\p{L}\p{M}\p{Nd}._-]{1,4}|[\p{Latin}\p{Mn}]{1,32}|[\p{Greek}\p{Mn}]{1,32}",
        ) {
            check(&text);
        }

        #[test]
        fn printable_ascii_is_an_alias_and_its_canonical_form_lower_case(text in "[!-?A-~]{1,32}") {
            let alias = Alias::parse(&text).unwrap();
            prop_assert_eq!(alias.canonical(), text.to_ascii_lowercase());
        }

        #[test]
        fn ignorable_and_control_characters_are_refused_wherever_they_stand(
            before in "[a-z]{0,3}",
            unseen in r"[\p{DI}\p{Cc}\p{Cf}\p{Z}]",
            after in "[a-z]{0,3}",
        ) {
            let typed = format!("{before}{unseen}{after}");
            prop_assert!(Alias::parse(&typed).is_err());
        }
    }
}
