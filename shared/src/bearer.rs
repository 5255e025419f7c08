//! Bearer tokens: what a client shows, and the hash that is all the service keeps of them.

use std::fmt;

use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entropy;

/// 64 characters `[A-Za-z0-9]`: 381 bits from the operating system's generator (contract, Sessions).
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Bearer(String);

impl Bearer {
    const LENGTH: usize = 64;

    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Alphanumeric.sample_string(&mut entropy::os_rng(), Self::LENGTH))
    }

    /// Reads the value of an `Authorization` header: `Bearer <token>` with the scheme in any case (RFC 9110 §11.1), or the token
    /// alone, as the product's documents print it. `None` if it can't be one of ours.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let value = value.trim();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            Some(_) => return None,
            None => value,
        };
        let ours = token.len() == Self::LENGTH && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        ours.then(|| Self(token.to_owned()))
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(hex::encode(Sha256::digest(&self.0)))
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(..)")
    }
}

/// The SHA-256 of a bearer, in hexadecimal. A token of 381 random bits needs no salt and no slow hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl TokenHash {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod sound;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bearer_reads_back_with_and_without_its_scheme() {
        let bearer = Bearer::generate();
        let token = bearer.0.clone();
        for header in [token.clone(), format!("Bearer {token}"), format!("bEARER  {token}"), format!(" {token} ")] {
            assert_eq!(Bearer::from_header(&header).unwrap().hash(), bearer.hash(), "{header}");
        }
    }

    #[test]
    fn nothing_else_is_a_bearer() {
        let token = Bearer::generate().0;
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
            assert!(Bearer::from_header(&header).is_none(), "{header}");
        }
    }

    #[test]
    fn bearers_differ_and_debug_tells_nothing() {
        let (one, other) = (Bearer::generate(), Bearer::generate());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?} {:?}", one.hash()), "Bearer(..) TokenHash(..)");
    }

    proptest! {
        #[test]
        fn any_header_is_refused_or_holds_a_token_that_reads_back(
            header in prop_oneof![any::<String>(), r"(?i)( |\t|bearer ){0,3}[a-zA-Z0-9\PC]{63,65}( |,|x)?", "[a-zA-Z0-9]{64}", "[!-~]{64}"],
        ) {
            sound::check(&header);
        }
    }
}
