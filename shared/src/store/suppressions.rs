//! Suppressed addresses: they get no email.

use serde::Deserialize;

use crate::{
    domain::{email_address::EmailAddress, timestamp::Timestamp},
    store::{
        Store, StoreError,
        table::{
            keys::Key,
            write::{IS_NEW, Write},
        },
    },
};

/// The reason for a suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppression {
    /// The mailbox does not exist.
    Bounce,
    /// The owner reported an email as spam.
    Complaint,
}

/// A stored suppression. Its attributes are for operators.
#[derive(Deserialize)]
struct Suppressed {}

impl Store {
    /// Suppresses an address, however it is spelled. A second suppression changes nothing.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn suppress(
        &self,
        address: &EmailAddress,
        reason: Suppression,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let reason = match reason {
            Suppression::Bounce => "bounce",
            Suppression::Complaint => "complaint",
        };
        let change = "SET #reason = :reason, #createdAt = :now";
        let suppress = Write::update(Key::suppression(address), change, IS_NEW);
        self.update::<Suppressed>(suppress.value("reason", reason).value("now", &now)).await.map(|_| ())
    }

    /// Returns whether an address is suppressed.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn is_suppressed(&self, address: &EmailAddress) -> Result<bool, StoreError> {
        Ok(self.get::<Suppressed>(Key::suppression(address)).await?.is_some())
    }
}
