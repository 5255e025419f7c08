//! Full names.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::domain::rejection::Reason;

/// A name in any script, 1 to 128 characters without surrounding blanks, emoji included.
///
/// A name cannot affect the text around it: it has no control characters, no line breaks and no
/// characters that change the text direction. Of the invisible characters, only those that scripts
/// and emoji need are allowed, and only behind a visible character: joiners (Persian, Malayalam,
/// Mongolian, family emoji) and variation selectors (Japanese names, colored emoji). So a name can
/// neither look empty nor carry hidden text. Markup is allowed: a client that shows a name must
/// escape it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)] // A stored name is trusted: a later release may have stricter rules.
pub struct FullName(String);

impl FullName {
    const MAX_CHARACTERS: usize = 128;

    /// Parses a name. Surrounding blanks are trimmed.
    ///
    /// # Errors
    /// If the text is empty or too long, or has a character that a name cannot have.
    pub fn parse(text: &str) -> Result<Self, InvalidFullName> {
        parse_line(text, Self::MAX_CHARACTERS).map(Self)
    }

    /// Returns the name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses a line of text by the rules of a name. Surrounding blanks are trimmed.
pub(super) fn parse_line(text: &str, max_characters: usize) -> Result<String, InvalidFullName> {
    let name = text.trim_matches(is_blank);
    if name.is_empty() {
        return Err(InvalidFullName::Empty);
    }
    if name.chars().count() > max_characters {
        return Err(InvalidFullName::TooLong { max_characters });
    }
    let mut previous = Kind::Blank;
    for character in name.chars() {
        let kind = Kind::of(character);
        match (previous, kind) {
            (_, Kind::Control) => return Err(InvalidFullName::Control),
            // One selector or joiner at a time: runs of them have been used to smuggle whole
            // texts.
            (_, Kind::Invisible)
            | (Kind::Blank | Kind::Joiner, Kind::Joiner)
            | (Kind::Blank | Kind::Joiner | Kind::Selector, Kind::Selector) => {
                return Err(InvalidFullName::Invisible);
            }
            _ => previous = kind,
        }
    }
    Ok(name.to_owned())
}

/// The reason why a text is not a name. The messages are shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFullName {
    /// Nothing but blanks.
    #[error("must not be empty")]
    Empty,
    /// More characters than allowed.
    #[error("must be at most {max_characters} characters")]
    TooLong {
        /// So many are allowed.
        max_characters: usize,
    },
    /// A control character or a line break.
    #[error("must be a single line without control characters")]
    Control,
    /// An invisible character, or one that changes the text direction.
    #[error("must not contain invisible characters or characters that change the text direction")]
    Invisible,
}

impl From<InvalidFullName> for Reason {
    fn from(error: InvalidFullName) -> Self {
        match error {
            InvalidFullName::Empty => Self::Blank,
            InvalidFullName::TooLong { .. } => Self::TooLong,
            InvalidFullName::Control | InvalidFullName::Invisible => Self::Characters,
        }
    }
}

/// Returns whether a character is white space within a line. Surrounding blanks are trimmed; a line
/// break is rejected anywhere.
pub(crate) fn is_blank(character: char) -> bool {
    character == '\t' || character.is_whitespace() && !is_control(character)
}

/// Returns whether a character is shown, or is a blank within a line.
pub(crate) fn is_shown(character: char) -> bool {
    matches!(Kind::of(character), Kind::Visible | Kind::Blank)
}

/// Returns whether a character is a control character, or one of the two Unicode line separators.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// The effect of a character in its position.
#[derive(Clone, Copy)]
enum Kind {
    Blank,
    Control,
    Invisible,
    Joiner,
    Selector,
    Visible,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            _ if is_control(character) => Self::Control,
            _ if is_blank(character) => Self::Blank,
            '\u{180e}' | '\u{200c}' | '\u{200d}' => Self::Joiner,
            '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Self::Selector,
            // The rest of Default_Ignorable_Code_Point, where the marks of direction are, ...
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
            // ... and what shows nothing without belonging there: Braille's blank, annotations,
            // hieroglyphic layout.
            | '\u{2800}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}' => Self::Invisible,
            _ => Self::Visible,
        }
    }
}

impl FromStr for FullName {
    type Err = InvalidFullName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Shows nothing: names do not belong in logs.
impl fmt::Debug for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullName(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_any_script_stay_as_typed() {
        let names = [
            "J",
            "John Doe",
            "Jos\u{e9} Ortega y Gasset",
            "D\u{2019}Arcy O'Neill-Smith, Jr.",
            "\u{674e}\u{96f7}",
            "\u{5c71}\u{7530}\u{3000}\u{592a}\u{90ce}",
            "\u{645}\u{62d}\u{645}\u{62f}",
            "\u{5d3}\u{5d5}\u{5d3} (David)",
            // Joiners: Persian, Sinhala, Bengali (before the virama), old Malayalam (at the end),
            // Mongolian (before a vowel).
            "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}",
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",
            "\u{9b0}\u{200d}\u{9cd}\u{9af}",
            "\u{d05}\u{d35}\u{d28}\u{d4d}\u{200d}",
            "\u{1830}\u{1820}\u{1837}\u{180e}\u{1820}",
            // An ideographic variation of Katsuragi; a heart on fire, a family, a keycap, a waving
            // hand.
            "\u{845b}\u{e0100}\u{57ce}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f44b}\u{1f3fd}",
            // A client that shows a name must escape it.
            "<a href=evil>Claim your money</a>",
            "=?utf-8?q?Bcc?=",
            "Robert'); DROP TABLE students;--",
        ];
        for name in names {
            assert_eq!(FullName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn surrounding_blanks_are_trimmed_and_inner_ones_stay() {
        for typed in [" John  Doe", "John  Doe\t", "\u{a0}John  Doe\u{3000}", "\u{2009} \tJohn  Doe \u{202f}"] {
            assert_eq!(typed.parse::<FullName>().unwrap().as_str(), "John  Doe", "{typed:?}");
        }
    }

    #[test]
    fn a_name_without_anything_to_see_is_rejected() {
        for typed in ["", " ", "\t", "\u{a0}\u{3000}"] {
            assert_eq!(FullName::parse(typed), Err(InvalidFullName::Empty), "{typed:?}");
        }
        for typed in ["\u{200b}", "\u{200d}", "\u{fe0f}", "\u{3164}", "\u{2800}", "\u{feff}", " \u{200c} "] {
            assert_eq!(FullName::parse(typed), Err(InvalidFullName::Invisible), "{typed:?}");
        }
    }

    #[test]
    fn control_characters_and_line_breaks_are_rejected_even_at_the_ends() {
        for control in
            ["\0", "\n", "\r\n", "\t", "\u{b}", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}"]
        {
            let inside = format!("John{control}Bcc: evil@example.com");
            assert_eq!(FullName::parse(&inside), Err(InvalidFullName::Control), "{inside:?}");
        }
        for typed in ["\r\nBcc: evil@example.com", "John\n", "John\u{85}", "\u{2028}John"] {
            assert_eq!(FullName::parse(typed), Err(InvalidFullName::Control), "{typed:?}");
        }
    }

    #[test]
    fn marks_of_direction_are_rejected() {
        let marks = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        for mark in marks.chars() {
            assert_eq!(FullName::parse(&format!("John{mark}eoD")), Err(InvalidFullName::Invisible), "{mark:?}");
        }
    }

    #[test]
    fn joiners_and_selectors_stand_alone_behind_something_to_see() {
        for typed in ["a\u{200d}\u{200d}b", "a\u{fe00}\u{fe01}b", "a\u{200d}\u{fe0f}b", "a \u{200d}b", "a \u{fe0f}b"] {
            assert_eq!(FullName::parse(typed), Err(InvalidFullName::Invisible), "{typed:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_128_characters_whatever_their_bytes() {
        for letter in ["x", "\u{e9}", "\u{674e}", "\u{1f600}"] {
            assert!(FullName::parse(&format!(" {} ", letter.repeat(128))).is_ok(), "{letter}");
            assert_eq!(
                FullName::parse(&letter.repeat(129)),
                Err(InvalidFullName::TooLong { max_characters: 128 }),
                "{letter}"
            );
        }
    }

    #[test]
    fn a_name_is_stored_as_plain_text_and_trusted_when_read() {
        let name = FullName::parse("John Doe").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""John Doe""#);
        assert_eq!(serde_json::from_str::<FullName>(r#""John Doe""#).unwrap(), name);
        assert_eq!(serde_json::from_str::<FullName>(r#""John\u0000Doe""#).unwrap().as_str(), "John\0Doe");
    }

    #[test]
    fn every_message_is_a_printable_line_that_follows_the_name_of_the_field() {
        use InvalidFullName::{Control, Empty, Invisible, TooLong};
        for error in [Empty, TooLong { max_characters: 128 }, Control, Invisible] {
            let message = error.to_string();
            let printable = message.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(printable && message.starts_with("must "), "{message}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", FullName::parse("John Doe").unwrap()), "FullName(..)");
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_short_trimmed_and_harmless(text in any::<String>()) {
            if let Ok(name) = FullName::parse(&text) {
                let shown = name.as_str();
                prop_assert!((1..=128).contains(&shown.chars().count()));
                prop_assert_eq!(shown.trim(), shown);
                prop_assert!(text.contains(shown));
                prop_assert!(!shown.chars().any(is_control));
                prop_assert_eq!(FullName::parse(shown), Ok(name.clone()));
            }
        }

        #[test]
        fn visible_text_is_accepted(name in r"[\p{L}\p{N}\p{P}\p{Emoji}--\p{DI}&&[^\u2800]]{1,128}") {
            prop_assert_eq!(FullName::parse(&name).map(|name| name.0), Ok(name));
        }

        #[test]
        fn control_characters_are_rejected_wherever_they_stand(
            before in r"\PC{1,9}",
            control in r"[\p{Cc}\u2028\u2029]",
            after in r"\PC{1,9}",
        ) {
            let typed = format!("{before}{control}{after}");
            prop_assert!(FullName::parse(&typed).is_err());
        }

        // Unicode's own tables say what is ignorable or a format character; ours must not lag
        // behind.
        #[test]
        fn unseen_characters_are_rejected_wherever_they_stand(
            before in "[a-z]{0,3}",
            // Without the signs of Arabic, Syriac and Kaithi that are shown, and without joiners
            // and selectors.
            unseen in concat!(
                r"[\p{DI}\p{Cf}--[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\x{110bd}\x{110cd}]",
                r"--[\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\x{e0100}-\x{e01ef}]]",
            ),
            after in "[a-z]{0,3}",
        ) {
            prop_assert_eq!(FullName::parse(&format!("{before}{unseen}{after}")), Err(InvalidFullName::Invisible));
        }
    }
}
