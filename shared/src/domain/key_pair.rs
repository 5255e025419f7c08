//! Key pairs: an API key and its secret, which authenticate a program as a user.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::domain::{
    bearer_token::{self, TokenHash},
    full_name::{self, InvalidFullName},
    id::{KeyPairId, UserId},
    timestamp::Timestamp,
    user::User,
};

/// An API key: 32 characters `[A-Za-z0-9]` that name a key pair. It is no secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    const LENGTH: usize = 32;

    fn generate() -> Self {
        Self(bearer_token::random_text(Self::LENGTH))
    }

    /// Reads the value of an `api-key` header. Returns `None` if it does not have the form of a
    /// key.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        bearer_token::is_random_text(value, Self::LENGTH).then(|| Self(value.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// The secret of a key pair: 64 characters `[A-Za-z0-9]`, like a bearer token.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct ApiSecret(String);

impl ApiSecret {
    const LENGTH: usize = 64;

    /// Generates a new secret.
    #[must_use]
    pub fn generate() -> Self {
        Self(bearer_token::random_text(Self::LENGTH))
    }

    /// Reads the value of an `api-secret` header. Returns `None` if it does not have the form of a
    /// secret.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        bearer_token::is_random_text(value, Self::LENGTH).then(|| Self(value.to_owned()))
    }

    /// Returns the hash that is stored instead of the secret.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiSecret(..)")
    }
}

/// The name of a key pair, 1 to 64 characters by the rules of a full name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)] // A stored name is trusted: a later release may have stricter rules.
pub struct KeyName(String);

impl KeyName {
    const MAX_CHARACTERS: usize = 64;

    /// Returns the name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = InvalidFullName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        full_name::parse_line(text, Self::MAX_CHARACTERS).map(Self)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyName(..)")
    }
}

/// How many days a key pair can be used, counted from its creation: 1 to 365.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDays(u16);

impl KeyDays {
    /// Returns the number of days, if a key pair can be used for so many.
    #[must_use]
    pub fn new(days: u16) -> Option<Self> {
        (1..=365).contains(&days).then_some(Self(days))
    }

    fn duration(self) -> Duration {
        Duration::from_hours(u64::from(self.0) * 24)
    }
}

/// A key pair to create.
#[derive(Debug)]
pub struct NewKeyPair {
    /// The name that the user chose.
    pub name: KeyName,
    /// How long it can be used.
    pub days: KeyDays,
    /// The hash of its secret.
    pub secret_hash: TokenHash,
}

/// A key pair with everything that a check of it returns, so that one read is enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyPair {
    /// `keyID`
    #[serde(rename = "keyID")]
    pub id: KeyPairId,
    /// The public half.
    pub api_key: ApiKey,
    /// The user who created it.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// The name that the user chose.
    pub name: KeyName,
    /// The hash of the secret.
    pub secret_hash: TokenHash,
    /// When its code was verified; `None` until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When a verified key pair ends.
    pub key_expires_at: Timestamp,
    /// When this key pair ends: with its code, until that is verified.
    pub expires_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// The user's alias, as they typed it.
    pub alias: String,
    /// The user's full name.
    pub full_name: String,
    /// The user's roles.
    pub roles: Vec<String>,
    /// The user's groups.
    pub groups: Vec<String>,
}

impl KeyPair {
    /// Creates a key pair of a user that ends at `code_expires_at` unless its code is verified.
    pub(crate) fn new(new: &NewKeyPair, user: &User, now: Timestamp, code_expires_at: Timestamp) -> Self {
        let key_expires_at = now.plus(new.days.duration());
        Self {
            id: KeyPairId::generate(),
            api_key: ApiKey::generate(),
            user: user.id,
            name: new.name.clone(),
            secret_hash: new.secret_hash.clone(),
            verified_at: None,
            key_expires_at,
            expires_at: code_expires_at.min(key_expires_at),
            created_at: now,
            alias: user.alias.as_str().to_owned(),
            full_name: user.full_name.as_str().to_owned(),
            roles: user.roles.clone(),
            groups: user.groups.clone(),
        }
    }

    /// Returns whether the key pair is active and `secret` is its secret.
    #[must_use]
    pub fn authenticates(&self, secret: &ApiSecret, now: Timestamp) -> bool {
        let is_active = self.verified_at.is_some() && now < self.expires_at;
        self.secret_hash.matches(&secret.hash()) && is_active
    }
}

/// A key pair in the list of its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyPairEntry {
    /// `keyID`
    #[serde(rename = "keyID")]
    pub id: KeyPairId,
    /// The public half.
    pub api_key: ApiKey,
    /// The name that the user chose.
    pub name: KeyName,
    /// When its code was verified; `None` until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When a verified key pair ends.
    pub key_expires_at: Timestamp,
    /// When this key pair ends: with its code, until that is verified.
    pub expires_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// The version of the account that created it: the order within one second.
    #[serde(default)]
    pub sequence: u64,
}

impl KeyPairEntry {
    pub(crate) fn new(key_pair: &KeyPair, sequence: u64) -> Self {
        Self {
            id: key_pair.id,
            api_key: key_pair.api_key.clone(),
            name: key_pair.name.clone(),
            verified_at: key_pair.verified_at,
            key_expires_at: key_pair.key_expires_at,
            expires_at: key_pair.expires_at,
            created_at: key_pair.created_at,
            sequence,
        }
    }

    /// Returns a key that sorts the oldest key pair first.
    #[must_use]
    pub fn age(&self) -> (Timestamp, u64) {
        (self.created_at, self.sequence)
    }

    /// Returns whether the key pair has not ended. It may be unverified.
    #[must_use]
    pub fn exists(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_secrets_read_back_and_have_one_form() {
        let (key, secret) = (ApiKey::generate(), ApiSecret::generate());
        assert_eq!(ApiKey::from_header(&key.0).unwrap().0, key.0);
        assert!(ApiSecret::from_header(&secret.0).unwrap().hash().matches(&secret.hash()));
        assert!(!secret.hash().matches(&ApiSecret::generate().hash()));
        for text in [String::new(), format!("{} ", key.0), secret.0.clone(), format!("{}-", &key.0[1..])] {
            assert!(ApiKey::from_header(&text).is_none(), "{text}");
        }
        for text in [key.0.clone(), format!("Bearer {}", secret.0), format!("{}é", &secret.0[2..])] {
            assert!(ApiSecret::from_header(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_name_has_1_to_64_characters_by_the_rules_of_a_full_name() {
        assert_eq!("  CI 🔑 ".parse::<KeyName>().unwrap().as_str(), "CI 🔑");
        assert!("é".repeat(64).parse::<KeyName>().is_ok());
        let message = |text: &str| text.parse::<KeyName>().unwrap_err().to_string();
        assert_eq!(message(&"é".repeat(65)), "must be at most 64 characters");
        assert_eq!(message(" "), "must not be empty");
        assert!(message("CI\r\nBcc: evil@example.com").contains("control"));
        assert!(message("CI\u{202e}").contains("direction"));
    }

    #[test]
    fn a_key_pair_can_be_used_for_1_to_365_days() {
        assert_eq!([0, 1, 365, 366].map(|days| KeyDays::new(days).is_some()), [false, true, true, false]);
    }

    #[test]
    fn debug_shows_nothing() {
        let name: KeyName = "CI".parse().unwrap();
        let shown = format!("{:?} {:?} {name:?}", ApiKey::generate(), ApiSecret::generate());
        assert_eq!(shown, "ApiKey(..) ApiSecret(..) KeyName(..)");
    }
}
