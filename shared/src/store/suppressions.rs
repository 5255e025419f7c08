//! Suppressed addresses: they get no email.

use serde::Deserialize;

use crate::{
    domain::{email_address::EmailAddress, timestamp::Timestamp},
    store::{
        Store, StoreError,
        table::{keys::Key, write::Write},
    },
};

/// The reason for a suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppression {
    /// The mailbox does not exist.
    Bounce,
    /// The owner reported an email as spam. Someone else may have caused that email, so the owner
    /// is not kept out of their account for good.
    Complaint {
        /// When the suppression ends.
        until: Timestamp,
    },
}

/// A stored suppression. Its other attributes are for operators.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suppressed {
    /// A bounce has no end.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

impl Store {
    /// Suppresses an address, however it is spelled. A bounce replaces a complaint; a complaint
    /// begins an earlier one anew, and changes nothing about a bounce.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn suppress(
        &self,
        address: &EmailAddress,
        reason: Suppression,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let no_bounce = "attribute_not_exists(#pk) OR attribute_exists(#expiresAt)";
        let update = |change| Write::update(Key::suppression(address), change, no_bounce).value("now", &now);
        let suppress = match reason {
            Suppression::Bounce => {
                update("SET #reason = :reason, #createdAt = :now REMOVE #expiresAt").value("reason", "bounce")
            }
            Suppression::Complaint { until } => {
                let change = "SET #reason = :reason, #createdAt = :now, #expiresAt = :until";
                update(change).value("reason", "complaint").value("until", &until)
            }
        };
        self.update::<Suppressed>(suppress).await.map(|_| ())
    }

    /// Returns whether an address is suppressed at this time.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn is_suppressed(&self, address: &EmailAddress, now: Timestamp) -> Result<bool, StoreError> {
        let suppressed = self.get::<Suppressed>(Key::suppression(address)).await?;
        Ok(suppressed.is_some_and(|suppressed| suppressed.expires_at.is_none_or(|end| end > now)))
    }
}
