//! Addresses that get no mail any more.

use serde::Deserialize;

use super::{
    Store,
    fault::Fault,
    keys::Key,
    write::{IS_NEW, Write},
};
use crate::{EmailAddress, Timestamp};

/// Why an address gets no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppression {
    /// There is no such mailbox.
    Bounce,
    /// Its owner reported a mail as spam.
    Complaint,
}

/// What is kept of it is for operators.
#[derive(Deserialize)]
struct Suppressed {}

impl Store {
    /// Keeps mail from an address, however it is written. Whoever comes second changes nothing.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn suppress(&self, address: &EmailAddress, why: Suppression, now: Timestamp) -> Result<(), Fault> {
        let reason = match why {
            Suppression::Bounce => "bounce",
            Suppression::Complaint => "complaint",
        };
        let change = "SET #reason = :reason, #createdAt = :now";
        let suppress = Write::update(Key::suppression(address), change, IS_NEW);
        self.update::<Suppressed>(suppress.value("reason", reason).value("now", &now)).await.map(|_| ())
    }

    /// Whether an address gets no mail.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn is_suppressed(&self, address: &EmailAddress) -> Result<bool, Fault> {
        Ok(self.get::<Suppressed>(Key::suppression(address)).await?.is_some())
    }
}
