use std::{borrow::Cow, collections::BTreeSet};

use super::*;
use proptest::prelude::*;

fn canonical(text: &str) -> String {
    Alias::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}")).canonical().to_owned()
}

#[test]
fn an_alias_is_shown_as_typed() {
    let plain = "j john.doe john_doe-1 John !#$%&'*+-=?^_`{|}~ ..j <b>\"";
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
fn scripts_that_resemble_each_other_do_not_mix() {
    for typed in ["\u{430}dmin", "j\u{43e}hn", "\u{3bf}mega", "\u{3b1}\u{431}", "\u{41c}ash\u{430}"] {
        assert_eq!(Alias::parse(typed), Err(InvalidAlias::Scripts), "{typed:?}");
    }
    // Japanese and Korean mix scripts. Digits and punctuation belong to all of them.
    for typed in [
        "\u{5c71}\u{7530}\u{30bf}\u{30ed}\u{3046}",
        "\u{c774}\u{674e}",
        "\u{41c}\u{430}\u{448}\u{430}_1",
        "taro\u{592a}",
    ] {
        assert!(Alias::parse(typed).is_ok(), "{typed:?}");
    }
}

#[test]
fn an_alias_is_not_a_path() {
    for typed in ["../../etc", "/", "a\\b", "\\", "\u{ff0f}etc"] {
        assert_eq!(Alias::parse(typed), Err(InvalidAlias::Slash), "{typed:?}");
    }
    for typed in [".", "..", "\u{ff0e}."] {
        assert_eq!(Alias::parse(typed), Err(InvalidAlias::Dots), "{typed:?}");
    }
    assert!(Alias::parse("..j").is_ok());
}

#[test]
fn a_reserved_name_is_recognized_in_any_spelling() {
    let is_reserved = |typed: &str, others: &str| Alias::parse(typed).unwrap().is_reserved(others);
    for typed in ["admin", "Admin", "\u{ff21}DMIN", "POSTMASTER"] {
        assert!(is_reserved(typed, ""), "{typed:?}");
    }
    assert!(is_reserved("acme", "Acme,stra\u{df}e") && is_reserved("STRASSE", "Acme,stra\u{df}e"));
    assert!(!is_reserved("acmes", "Acme") && !is_reserved("admins", ""));
    for name in RESERVED {
        assert_eq!(canonical(name), name);
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
fn blanks_are_rejected_and_never_trimmed() {
    for blank in " \t\n\r\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{202f}\u{3000}".chars() {
        for typed in [blank.to_string(), format!("{blank}john"), format!("john{blank}"), format!("john{blank}doe")] {
            assert_eq!(Alias::parse(&typed), Err(InvalidAlias::Blank), "{typed:?}");
        }
    }
}

#[test]
fn an_alias_does_not_look_like_an_address() {
    for typed in ["john@doe.net", "@", "@john", "john@", "john\u{ff20}doe.net"] {
        assert_eq!(Alias::parse(typed), Err(InvalidAlias::AtSign), "{typed:?}");
    }
    assert_eq!(Alias::parse("john\u{fe6b}doe.net"), Err(InvalidAlias::Character));
}

#[test]
fn unseen_characters_symbols_and_compatibility_forms_are_rejected() {
    let controls = "john\0 \u{1b}[31m \u{7f} \u{9f} \u{fdd0} \u{ffff} \u{e000}";
    let directions =
        "\u{61c}x \u{200e}x \u{200f}x \u{202a}x \u{202b}x \u{202c}x \u{202d}x \u{202e}x \u{2066}x \u{2069}x";
    let unseen = "jo\u{ad}hn jo\u{34f}hn jo\u{200b}hn jo\u{200c}hn jo\u{200d}hn jo\u{2060}hn \u{feff}john john\u{fe0f} \
        \u{115f} \u{3164} \u{ffa0} \u{17b4} \u{180e} \u{2800} \u{e0061} \u{e0100}";
    // Even where the profile takes them.
    let joiners = "\u{915}\u{94d}\u{200d}\u{937} \u{915}\u{94d}\u{200c}\u{937}";
    let marks_without_a_letter = "\u{301} \u{301}john \u{ff9e}";
    let compatibility = "\u{fb01} \u{212a}elvin \u{2126} \u{17f} \u{24d9}ohn \u{1d4f3}ohn john\u{b2} \u{2025} \u{1c4}";
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
fn every_character_is_rejected_or_has_a_stable_canonical_form() {
    // Beyond are ideographs, tags and private use.
    for character in '\0'..='\u{1ffff}' {
        let typed = character.to_string();
        let Ok(alias) = Alias::parse(&typed) else { continue };
        assert_eq!(canonicalize(alias.canonical()), alias.canonical(), "{character:?}");
        assert_eq!(canonicalize(&profile_form(&typed)), alias.canonical(), "{character:?}");
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
fn an_alias_is_stored_as_typed_and_trusted_when_read() {
    let alias = Alias::parse("Jos\u{e9}").unwrap();
    assert_eq!(serde_json::to_string(&alias).unwrap(), "\"Jos\u{e9}\"");
    assert_eq!(serde_json::from_str::<Alias>("\"Jos\u{e9}\"").unwrap(), alias);
    let stored = serde_json::from_str::<Alias>(r#""John/\u0430 @""#).unwrap();
    assert_eq!((stored.as_str(), stored.canonical()), ("John/\u{430} @", "john/\u{430} @"));
}

#[test]
fn every_message_is_a_printable_line_that_follows_the_name_of_the_field() {
    use InvalidAlias::{AtSign, Blank, Character, Direction, Dots, Empty, Scripts, Slash, TooLong};
    for error in [Empty, TooLong, Blank, AtSign, Character, Slash, Dots, Scripts, Direction] {
        let message = error.to_string();
        let printable = message.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        assert!(printable && message.starts_with("must "), "{message}");
    }
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?}", Alias::parse("john").unwrap()), "Alias(..)");
}

/// The form by which RFC 8265 compares aliases.
fn profile_form(text: &str) -> String {
    UsernameCaseMapped::new().enforce(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

fn check(text: &str) {
    properties::check(text);
    if let Ok(alias) = Alias::parse(text) {
        assert_eq!(canonicalize(alias.canonical()), alias.canonical());
        assert_eq!(canonicalize(&profile_form(text)), alias.canonical());
    }
}

proptest! {
    #[test]
    fn any_text_is_rejected_or_a_sound_alias(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn letters_marks_and_digits_make_sound_aliases(
        text in r"[\p{L}\p{M}\p{Nd}._-]{1,4}|[\p{Latin}\p{Mn}]{1,32}|[\p{Greek}\p{Mn}]{1,32}",
    ) {
        check(&text);
    }

    #[test]
    fn printable_ascii_is_an_alias_and_its_canonical_form_lower_case(text in "[.]{0,4}[!--0-?A-\\[\\]-~][!-.0-?A-\\[\\]-~]{0,27}") {
        let alias = Alias::parse(&text).unwrap();
        prop_assert_eq!(alias.canonical(), text.to_ascii_lowercase());
    }

    #[test]
    fn ignorable_and_control_characters_are_rejected_wherever_they_stand(
        before in "[a-z]{0,3}",
        unseen in r"[\p{DI}\p{Cc}\p{Cf}\p{Z}]",
        after in "[a-z]{0,3}",
    ) {
        let typed = format!("{before}{unseen}{after}");
        prop_assert!(Alias::parse(&typed).is_err());
    }
}
