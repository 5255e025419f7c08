//! Bearer tokens: the secret of a client, and the hash that the service stores instead.

use std::fmt;

use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::runtime::entropy;

/// A bearer token (RFC 6750): 64 characters `[A-Za-z0-9]`, 381 bits from the operating system's
/// generator (contract, Sessions).
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct BearerToken(String);

impl BearerToken {
    const LENGTH: usize = 64;

    /// Generates a new token.
    #[must_use]
    pub fn generate() -> Self {
        Self(random_text(Self::LENGTH))
    }

    /// Reads the value of an `Authorization` header: `Bearer <token>` with the scheme in any case
    /// (RFC 9110 §11.1), or the bare token, as the product's documents print it. Returns `None` if
    /// the value does not have the form of a token.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let value = value.trim();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            Some(_) => return None,
            None => value,
        };
        is_random_text(token, Self::LENGTH).then(|| Self(token.to_owned()))
    }

    /// Returns the hash that the store finds the session by.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

/// Generates characters `[A-Za-z0-9]` with the operating system's randomness.
pub(super) fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut entropy::os_rng(), length)
}

/// Returns whether [`random_text`] can have generated a text.
pub(super) fn is_random_text(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// The SHA-256 of a bearer token or of the secret of a key pair, in hexadecimal. A secret of 381
/// random bits needs no salt and no slow hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl TokenHash {
    pub(super) fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares with another hash in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_back_with_and_without_its_scheme() {
        let bearer_token = BearerToken::generate();
        let token = bearer_token.0.clone();
        for header in [token.clone(), format!("Bearer {token}"), format!("bEARER  {token}"), format!(" {token} ")] {
            assert_eq!(BearerToken::from_header(&header).unwrap().hash(), bearer_token.hash(), "{header}");
        }
    }

    #[test]
    fn any_other_header_is_rejected() {
        let token = BearerToken::generate().0;
        let headers = [
            String::new(),
            "Bearer".to_owned(),
            format!("Basic {token}"),
            format!("Bearer {token} {token}"),
            format!("Bearer {token}, Bearer {token}"),
            token[1..].to_owned(),
            format!("{token}x"),
            format!("{}-", &token[1..]),
            "5f35d2c4-5633-4b16-bxf0-5ca32ef8ea2e".to_owned(),
        ];
        for header in headers {
            assert!(BearerToken::from_header(&header).is_none(), "{header}");
        }
    }

    #[test]
    fn tokens_differ_and_debug_shows_nothing() {
        let (one, other) = (BearerToken::generate(), BearerToken::generate());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?} {:?}", one.hash()), "BearerToken(..) TokenHash(..)");
    }

    proptest! {
        #[test]
        fn any_header_is_rejected_or_holds_a_token_that_reads_back(
            header in prop_oneof![any::<String>(), r"(?i)( |\t|bearer ){0,3}[a-zA-Z0-9\PC]{63,65}( |,|x)?", "[a-zA-Z0-9]{64}", "[!-~]{64}"],
        ) {
            properties::check(&header);
        }
    }
}
