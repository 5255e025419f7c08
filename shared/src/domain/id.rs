//! Identifiers: random UUIDs (RFC 9562 version 4), typed by what they identify so that they cannot
//! be confused.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::{domain::rejection::Reason, runtime::entropy};

/// The UUID of a `Kind`.
pub struct Id<Kind> {
    uuid: Uuid,
    kind: PhantomData<fn() -> Kind>,
}

/// The kinds of things that an [`Id`] identifies.
pub mod kind {
    /// A person with an account.
    pub enum User {}
    /// An address of a user.
    pub enum Email {}
    /// A session, pending or active.
    pub enum Session {}
    /// A key pair.
    pub enum KeyPair {}
    /// A requested code.
    pub enum Verification {}
    /// A security notice.
    pub enum Notice {}
}

/// `userID`
pub type UserId = Id<kind::User>;
/// `emailID`
pub type EmailId = Id<kind::Email>;
/// `sessionID`
pub type SessionId = Id<kind::Session>;
/// `keyID`
pub type KeyPairId = Id<kind::KeyPair>;
/// `verificationCodeID`
pub type VerificationId = Id<kind::Verification>;
/// `noticeID`
pub type NoticeId = Id<kind::Notice>;

impl<Kind> Id<Kind> {
    /// Generates a new ID with the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self::from(entropy::uuid_v4())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.uuid.as_bytes()
    }
}

/// The text is not a hyphenated UUID: 32 hexadecimal digits and four hyphens.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("must be a UUID such as 5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e")]
pub struct InvalidId;

impl From<InvalidId> for Reason {
    fn from(_: InvalidId) -> Self {
        Self::Format
    }
}

impl<Kind> FromStr for Id<Kind> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        // The crate also accepts braces, URNs and bare digits; the API has one spelling.
        if text.len() != 36 {
            return Err(InvalidId);
        }
        Uuid::try_parse(text).map(Self::from).map_err(|_| InvalidId)
    }
}

impl<Kind> From<Uuid> for Id<Kind> {
    fn from(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_lower_case_version_4_and_reads_back() {
        let id = UserId::generate();
        let text = id.to_string();
        assert_eq!(text, text.to_lowercase());
        assert_eq!(text.as_bytes()[14], b'4');
        assert_eq!(text.parse::<UserId>().unwrap(), id);
        assert_eq!(text.to_uppercase().parse::<UserId>().unwrap(), id);
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let simple = "5f35d2c456334b16bbf05ca22ef8ea2e";
        for text in ["", "x", simple, "{5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e}", "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2g"]
        {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_rejected_or_an_id_that_reads_back(
            text in prop_oneof![
                any::<String>(),
                "[0-9a-fA-F-]{35,37}",
                "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
                // Spellings that other parsers of UUIDs accept.
                r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?|(urn:uuid:)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}",
            ],
        ) {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
                prop_assert_eq!(id.to_string().parse::<UserId>().unwrap(), id);
            }
        }
    }
}
