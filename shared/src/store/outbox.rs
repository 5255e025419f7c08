//! The outbox: every email was stored together with the change that it is about, and is sent from
//! there.
//!
//! The sender leases an item, sends the email and marks the item as sent. A record that the stream
//! delivers again finds the mark. If a process dies in between, its lease ends and the same email
//! is sent again: perhaps twice, never not at all.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::{
    domain::{
        id::{NoticeId, VerificationId},
        timestamp::Timestamp,
        verification::Reply,
    },
    store::{
        Store, StoreError,
        table::{
            keys::Key,
            write::{EXISTS, Write},
        },
    },
};

/// Longer than sending can take, so that two processes never send the same email because one was
/// slow.
const LEASE: Duration = Duration::from_secs(30);

/// An item of the outbox.
#[derive(Clone, Copy, Debug)]
pub enum OutboxItem {
    /// A verification: its email is the reply to a request for a code.
    Code(VerificationId),
    /// A security notice.
    Notice(NoticeId),
}

/// The result of asking for a lease.
#[derive(Debug)]
pub enum Lease<T> {
    /// The caller has the lease and sends the email.
    Acquired(T),
    /// Another process has the lease: it is sending the email, or died while it did.
    Held,
    /// The email was sent, or there is nothing to send any more.
    Finished,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    #[serde(default)]
    mailed_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl OutboxItem {
    fn key(self) -> Key {
        match self {
            Self::Code(id) => Key::verification(id),
            Self::Notice(id) => Key::notice(id),
        }
    }
}

impl Store {
    /// Leases an item and returns it. A `reply` is recorded in the item with the first lease and
    /// never changed: a redelivery sends the email, and its code opens the account, that were
    /// chosen at the first delivery.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn acquire_lease<T: DeserializeOwned>(
        &self,
        item: OutboxItem,
        reply: Option<&Reply>,
        now: Timestamp,
    ) -> Result<Lease<T>, StoreError> {
        let change = match reply {
            None => "SET #leasedUntil = :until",
            Some(_) => "SET #leasedUntil = :until, #reply = if_not_exists(#reply, :reply)",
        };
        let unsent = "attribute_exists(#pk) AND attribute_not_exists(#mailedAt) AND #expiresAt > :now \
            AND (attribute_not_exists(#leasedUntil) OR #leasedUntil <= :now)";
        let mut lease = Write::update(item.key(), change, unsent).value("until", &now.plus(LEASE)).value("now", &now);
        if let Some(reply) = reply {
            lease = lease.object("reply", reply)?;
        }
        if let Some(leased) = self.update(lease).await? {
            return Ok(Lease::Acquired(leased));
        }
        let progress: Option<Progress> = self.get(item.key()).await?;
        let waits = progress.is_some_and(|progress| progress.mailed_at.is_none() && progress.expires_at > now);
        Ok(if waits { Lease::Held } else { Lease::Finished })
    }

    /// Marks an item as done: its email was sent, or can never be sent.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn finish(&self, item: OutboxItem, now: Timestamp) -> Result<(), StoreError> {
        // The item may be gone: a user can redeem the code before it is marked.
        let finish = Write::update(item.key(), "SET #mailedAt = :now REMOVE #leasedUntil", EXISTS);
        self.update::<Progress>(finish.value("now", &now)).await.map(|_| ())
    }

    /// Releases the lease of an email that could not be sent, so that the next delivery need not
    /// wait for its end.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn release(&self, item: OutboxItem) -> Result<(), StoreError> {
        let release = Write::update(item.key(), "REMOVE #leasedUntil", EXISTS);
        self.update::<Progress>(release).await.map(|_| ())
    }
}
