//! The codes that prove an address: derived when they are needed, stored nowhere.
//!
//! A verification holds a random seed; the code is an HMAC over what the code is for, the ID, the address and that seed, truncated to
//! digits as RFC 4226 §5.3 does it. The table without the key yields no code, nor does the key without the table.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many digits a code has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(u8);

impl Digits {
    /// What is usual: one guess in a million is right.
    pub const SHORT: Self = Self(6);
    /// For an address under attack: guessing is hopeless, and its owner still gets in.
    pub const LONG: Self = Self(12);

    fn count(self) -> usize {
        usize::from(self.0)
    }
}

/// A code as it is mailed.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The digits, for the mail and for nothing else.
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

/// A code as somebody typed it: a JSON string of 6 or 12 digits, or an integer whose leading zeros went missing.
#[derive(Clone)]
pub enum TypedCode {
    /// `"012345"`
    Text(String),
    /// `12345`
    Number(u64),
}

impl TypedCode {
    /// Whether it is `code`, in a time that does not depend on where they differ.
    #[must_use]
    pub fn is(&self, code: &Code) -> bool {
        let typed = match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => format!("{number:0>width$}", width = code.0.len()),
        };
        typed.as_bytes().ct_eq(code.0.as_bytes()).into()
    }
}

impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode(..)")
    }
}

/// What a code is made of, besides the key.
pub(crate) struct Ingredients<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) id: &'a [u8; 16],
    pub(crate) address: &'a str,
    pub(crate) seed: &'a str,
    pub(crate) digits: Digits,
}

/// The keys that codes are derived with: the current one, and while it is being replaced the one before.
#[derive(Clone)]
pub struct CodeKeys {
    current: CodeKey,
    previous: Option<CodeKey>,
}

impl CodeKeys {
    /// `None` if a key has fewer than 32 bytes, the strength of the hash (RFC 2104 §3).
    #[must_use]
    pub fn new(current: &str, previous: Option<&str>) -> Option<Self> {
        let previous = match previous {
            None => None,
            Some(previous) => Some(CodeKey::new(previous)?),
        };
        Some(Self { current: CodeKey::new(current)?, previous })
    }

    /// The name of the key that new codes are derived with.
    #[must_use]
    pub fn current(&self) -> &KeyId {
        &self.current.id
    }

    /// `None` if the key of that name is no longer here.
    pub(crate) fn derive(&self, key: &KeyId, ingredients: &Ingredients<'_>) -> Option<Code> {
        let mut keys = [Some(&self.current), self.previous.as_ref()].into_iter().flatten();
        keys.find(|candidate| candidate.id == *key)?.derive(ingredients)
    }
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKeys(..)")
    }
}

/// Names a key without telling it: the beginning of its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

#[derive(Clone)]
struct CodeKey {
    id: KeyId,
    mac: Hmac<Sha256>,
}

impl CodeKey {
    const LEAST_BYTES: usize = 32;

    fn new(secret: &str) -> Option<Self> {
        if secret.len() < Self::LEAST_BYTES {
            return None;
        }
        let hash = hex::encode(Sha256::digest(secret));
        Some(Self { id: KeyId(hash.chars().take(8).collect()), mac: Hmac::new_from_slice(secret.as_bytes()).ok()? })
    }

    fn derive(&self, ingredients: &Ingredients<'_>) -> Option<Code> {
        let Ingredients { purpose, id, address, seed, digits } = *ingredients;
        let mut mac = self.mac.clone();
        for part in [purpose.as_bytes(), id, address.as_bytes(), seed.as_bytes()] {
            // Each part's length goes before it, so that no two different lists of parts are the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let hash = mac.finalize().into_bytes();
        // RFC 4226 §5.3 with eight bytes instead of four: twelve digits need more than 31 bits.
        let offset = usize::from(hash.last()? & 0x0f);
        let bytes: [u8; 8] = hash.get(offset..offset.checked_add(8)?)?.try_into().ok()?;
        let number = (u64::from_be_bytes(bytes) >> 1) % 10u64.checked_pow(u32::from(digits.0))?;
        Some(Code(format!("{number:0>width$}", width = digits.count())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "an example key that is long enough";

    fn code(key: &str, ingredients: &Ingredients<'_>) -> Code {
        let keys = CodeKeys::new(key, None).unwrap();
        keys.derive(keys.current(), ingredients).unwrap()
    }

    fn ingredients() -> Ingredients<'static> {
        Ingredients { purpose: "signIn", id: &[7; 16], address: "john@doe.net", seed: "seed", digits: Digits::SHORT }
    }

    #[test]
    fn every_ingredient_and_the_key_change_the_code() {
        let plain = Ingredients { digits: Digits::LONG, ..ingredients() };
        let others = [
            code(KEY, &Ingredients { purpose: "signUp", ..plain }),
            code(KEY, &Ingredients { id: &[8; 16], ..plain }),
            code(KEY, &Ingredients { address: "jane@doe.net", ..plain }),
            code(KEY, &Ingredients { seed: "another", ..plain }),
            code("another key, also long enough for this", &plain),
        ];
        let plain = code(KEY, &plain);
        assert_eq!(plain, code(KEY, &Ingredients { digits: Digits::LONG, ..ingredients() }));
        assert!(others.iter().all(|other| *other != plain));
    }

    #[test]
    fn a_part_cannot_borrow_from_its_neighbour() {
        let one = Ingredients { address: "ab", seed: "c", digits: Digits::LONG, ..ingredients() };
        let other = Ingredients { address: "a", seed: "bc", digits: Digits::LONG, ..ingredients() };
        assert_ne!(code(KEY, &one), code(KEY, &other));
    }

    #[test]
    fn a_code_of_the_previous_key_stays_good_until_that_key_is_gone() {
        let old = CodeKeys::new(KEY, None).unwrap();
        let mailed = old.derive(old.current(), &ingredients());
        let new = "the key that comes after it, long enough";
        let both = CodeKeys::new(new, Some(KEY)).unwrap();
        assert_eq!(both.derive(old.current(), &ingredients()), mailed);
        assert_eq!(CodeKeys::new(new, None).unwrap().derive(old.current(), &ingredients()), None);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(CodeKeys::new("0123456789012345678901234567890", None).is_none());
        assert!(CodeKeys::new(KEY, Some("short")).is_none());
    }

    #[test]
    fn leading_zeros_may_go_missing_in_an_integer_but_not_in_a_string() {
        let code = Code("012345".to_owned());
        assert!(TypedCode::Number(12345).is(&code));
        assert!(TypedCode::Text("012345".to_owned()).is(&code));
        assert!(!TypedCode::Text("12345".to_owned()).is(&code));
        assert!(!TypedCode::Number(12346).is(&code));
        assert!(!TypedCode::Number(1_012_345).is(&code));
    }

    #[test]
    fn debug_tells_no_code_and_no_key() {
        let keys = CodeKeys::new(KEY, None).unwrap();
        let told = format!("{keys:?} {:?} {:?}", Code("123456".into()), TypedCode::Number(123_456));
        assert_eq!(told, "CodeKeys(..) Code(..) TypedCode(..)");
    }

    proptest! {
        #[test]
        fn a_code_has_its_number_of_digits_and_reads_back(id: [u8; 16], seed: String, address: String, long: bool) {
            let digits = if long { Digits::LONG } else { Digits::SHORT };
            let code = code(KEY, &Ingredients { purpose: "signUp", id: &id, address: &address, seed: &seed, digits });
            prop_assert_eq!(code.0.len(), digits.count());
            prop_assert!(TypedCode::Text(code.0.clone()).is(&code));
            prop_assert!(TypedCode::Number(code.0.parse().unwrap()).is(&code));
        }
    }
}
