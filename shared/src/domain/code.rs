//! Codes that verify an address: derived on demand, never stored.
//!
//! A verification holds a random nonce. The code is an HMAC over the purpose, the ID, the address
//! and that nonce, truncated to digits as in RFC 4226 §5.3. Neither the table without the key nor
//! the key without the table yields a code.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The number of digits of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(u8);

impl Digits {
    /// The usual length, unless a deployment chooses another: one guess in a million is right.
    pub const SHORTEST: Self = Self(6);
    /// The length for an address under attack: guessing is hopeless, and its owner can still sign
    /// in.
    pub const LONGEST: Self = Self(12);

    fn count(self) -> usize {
        usize::from(self.0)
    }

    /// Returns whether a code can have so many digits.
    pub(crate) fn are_possible(count: usize) -> bool {
        (Self::SHORTEST.count()..=Self::LONGEST.count()).contains(&count)
    }
}

impl FromStr for Digits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.parse().ok().map(Self).filter(|digits| Self::are_possible(digits.count()));
        digits.ok_or("must be a whole number from 6 to 12")
    }
}

/// A code as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Returns the digits, for the email only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// A code as a client submitted it: a JSON string with 6 to 12 digits, or an integer without its
/// leading zeros.
#[derive(Clone)]
pub enum SubmittedCode {
    /// `"012345"`
    Text(String),
    /// `12345`
    Number(u64),
}

impl SubmittedCode {
    /// Reads a string of 6 to 12 digits. Blanks and hyphens inside or around it are ignored: people
    /// paste `123 456`.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|character| !is_separator(*character)).collect();
        let is_code = Digits::are_possible(digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self::Text(digits))
    }

    /// Returns whether it is `code`. The time taken does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, code: &Code) -> bool {
        let submitted = match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => format!("{number:0>width$}", width = code.0.len()),
        };
        submitted.as_bytes().ct_eq(code.0.as_bytes()).into()
    }
}

/// Returns whether a character is a blank or a hyphen, which includes the dashes that programs
/// replace one by, and the minus sign.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

impl fmt::Debug for SubmittedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubmittedCode(..)")
    }
}

/// The input of a code's derivation, besides the key.
pub(crate) struct CodeInput<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) id: &'a [u8; 16],
    pub(crate) address: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) digits: Digits,
}

/// The keys that codes are derived with: the current one, and a second one during a key rotation.
#[derive(Clone)]
pub struct CodeKeys {
    current: CodeKey,
    previous: Option<CodeKey>,
}

impl CodeKeys {
    /// Creates the set. Returns `None` if a key has fewer than 32 bytes, the strength of the hash
    /// (RFC 2104 §3).
    #[must_use]
    pub fn new(current: &str, previous: Option<&str>) -> Option<Self> {
        let previous = match previous {
            None => None,
            Some(previous) => Some(CodeKey::new(previous)?),
        };
        Some(Self { current: CodeKey::new(current)?, previous })
    }

    /// Returns the ID of the key that new codes are derived with.
    #[must_use]
    pub fn current(&self) -> &KeyId {
        &self.current.id
    }

    /// Derives a code. Returns `None` if the key with that ID is not configured.
    pub(crate) fn derive(&self, key: &KeyId, input: &CodeInput<'_>) -> Option<Code> {
        let mut keys = [Some(&self.current), self.previous.as_ref()].into_iter().flatten();
        keys.find(|candidate| candidate.id == *key)?.derive(input)
    }

    /// Returns 16 hexadecimal digits that are equal for equal texts, and reveal nothing without the
    /// key. `label` says what the text is.
    pub(crate) fn pseudonym(&self, label: &str, text: &str) -> String {
        let hash = self.current.hash(&["log".as_bytes(), label.as_bytes(), text.as_bytes()]);
        hex::encode(hash).chars().take(16).collect()
    }
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKeys(..)")
    }
}

/// Identifies a key without revealing it: the first eight hexadecimal digits of its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

#[derive(Clone)]
struct CodeKey {
    id: KeyId,
    mac: Hmac<Sha256>,
}

impl CodeKey {
    const MIN_BYTES: usize = 32;

    fn new(secret: &str) -> Option<Self> {
        if secret.len() < Self::MIN_BYTES {
            return None;
        }
        let hash = hex::encode(Sha256::digest(secret));
        Some(Self { id: KeyId(hash.chars().take(8).collect()), mac: Hmac::new_from_slice(secret.as_bytes()).ok()? })
    }

    fn derive(&self, input: &CodeInput<'_>) -> Option<Code> {
        let CodeInput { purpose, id, address, nonce, digits } = *input;
        let hash = self.hash(&[purpose.as_bytes(), id, address.as_bytes(), nonce.as_bytes()]);
        // RFC 4226 §5.3 with eight bytes instead of four: twelve digits need more than 31 bits.
        let offset = usize::from(hash.last()? & 0x0f);
        let bytes: [u8; 8] = hash.get(offset..offset.checked_add(8)?)?.try_into().ok()?;
        let number = (u64::from_be_bytes(bytes) >> 1) % 10u64.checked_pow(u32::from(digits.0))?;
        Some(Code(format!("{number:0>width$}", width = digits.count())))
    }

    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for part in parts {
            // Each part is preceded by its length, so that different lists of parts never encode to
            // the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "an example key that is long enough";

    fn code(key: &str, input: &CodeInput<'_>) -> Code {
        let keys = CodeKeys::new(key, None).unwrap();
        keys.derive(keys.current(), input).unwrap()
    }

    fn input() -> CodeInput<'static> {
        CodeInput { purpose: "signIn", id: &[7; 16], address: "john@doe.net", nonce: "nonce", digits: Digits::SHORTEST }
    }

    #[test]
    fn every_input_and_the_key_change_the_code() {
        let plain = CodeInput { digits: Digits::LONGEST, ..input() };
        let others = [
            code(KEY, &CodeInput { purpose: "signUp", ..plain }),
            code(KEY, &CodeInput { id: &[8; 16], ..plain }),
            code(KEY, &CodeInput { address: "jane@doe.net", ..plain }),
            code(KEY, &CodeInput { nonce: "another", ..plain }),
            code("another key, also long enough for this", &plain),
        ];
        let plain = code(KEY, &plain);
        assert_eq!(plain, code(KEY, &CodeInput { digits: Digits::LONGEST, ..input() }));
        assert!(others.iter().all(|other| *other != plain));
    }

    #[test]
    fn characters_cannot_move_between_two_inputs() {
        let one = CodeInput { address: "ab", nonce: "c", digits: Digits::LONGEST, ..input() };
        let other = CodeInput { address: "a", nonce: "bc", digits: Digits::LONGEST, ..input() };
        assert_ne!(code(KEY, &one), code(KEY, &other));
    }

    #[test]
    fn a_code_of_the_previous_key_works_until_that_key_is_removed() {
        let old = CodeKeys::new(KEY, None).unwrap();
        let mailed = old.derive(old.current(), &input());
        let new = "the key that comes after it, long enough";
        let both = CodeKeys::new(new, Some(KEY)).unwrap();
        assert_eq!(both.derive(old.current(), &input()), mailed);
        assert_eq!(CodeKeys::new(new, None).unwrap().derive(old.current(), &input()), None);
    }

    #[test]
    fn a_short_key_is_rejected() {
        assert!(CodeKeys::new("0123456789012345678901234567890", None).is_none());
        assert!(CodeKeys::new(KEY, Some("short")).is_none());
    }

    #[test]
    fn leading_zeros_can_be_missing_in_an_integer_but_not_in_a_string() {
        let code = Code("012345".to_owned());
        assert!(SubmittedCode::Number(12345).matches(&code));
        assert!(SubmittedCode::Text("012345".to_owned()).matches(&code));
        assert!(!SubmittedCode::Text("12345".to_owned()).matches(&code));
        assert!(!SubmittedCode::Number(12346).matches(&code));
        assert!(!SubmittedCode::Number(1_012_345).matches(&code));
    }

    #[test]
    fn debug_shows_no_code_and_no_key() {
        let keys = CodeKeys::new(KEY, None).unwrap();
        let shown = format!("{keys:?} {:?} {:?}", Code("123456".into()), SubmittedCode::Number(123_456));
        assert_eq!(shown, "CodeKeys(..) Code(..) SubmittedCode(..)");
    }

    proptest! {
        #[test]
        fn a_code_has_its_number_of_digits_and_matches_itself(id: [u8; 16], nonce: String, address: String, digits in 6u8..=12) {
            let digits = Digits(digits);
            let code = code(KEY, &CodeInput { purpose: "signUp", id: &id, address: &address, nonce: &nonce, digits });
            prop_assert_eq!(code.0.len(), digits.count());
            prop_assert!(SubmittedCode::Text(code.0.clone()).matches(&code));
            prop_assert!(SubmittedCode::Number(code.0.parse().unwrap()).matches(&code));
        }
    }
}
