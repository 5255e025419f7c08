//! Addresses that get no mail any more.

use super::{
    Store,
    fault::Fault,
    keys::Key,
    write::{IS_NEW, Write},
};
use crate::{
    EmailAddress, Timestamp,
    suppression::{Reason, Suppression},
};

impl Store {
    /// Keeps mail from an address, however it is written. Whoever comes second changes nothing.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn suppress(&self, address: &EmailAddress, reason: Reason, now: Timestamp) -> Result<(), Fault> {
        let change = "SET #reason = :reason, #createdAt = :now";
        let suppress = Write::update(Key::suppression(address), change, IS_NEW)
            .value("reason", reason.as_str())
            .value("now", &now);
        self.update::<Suppression>(suppress).await.map(|_| ())
    }

    /// Why an address gets no mail, if it gets none.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn suppression_of(&self, address: &EmailAddress) -> Result<Option<Suppression>, Fault> {
        self.get(Key::suppression(address)).await
    }
}
