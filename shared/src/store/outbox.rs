//! The outbox: every email was stored together with the change that it is about, and is sent from
//! there.
//!
//! The sender leases an item, sends the email and marks the item as sent. A record that the stream
//! delivers again finds the mark. If a process dies in between, or SES does not respond, it is
//! unknown whether the email was sent: its lease ends and the same email is sent again, at most
//! `MAX_SENDERS` times. It is sent more than once rather than not at all.

use std::time::Duration;

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    domain::{
        id::{NoticeId, VerificationId},
        timestamp::Timestamp,
        verification::Reply,
    },
    runtime::entropy,
    store::{
        Store, StoreError,
        table::{
            attribute::StringSet,
            keys::Key,
            write::{EXISTS, Write},
        },
    },
};

/// Longer than sending can take, so that two processes never send the same email because one was
/// slow: five seconds for the write of the lease and ten for SES.
const LEASE: Duration = Duration::from_secs(30);

/// How many leases of an item may end without a known outcome. Each of their holders may have sent
/// the email.
const MAX_SENDERS: u32 = 3;

/// An item of the outbox.
#[derive(Clone, Copy, Debug)]
pub enum OutboxItem {
    /// A verification: its email is the reply to a request for a code.
    Code(VerificationId),
    /// A security notice.
    Notice(NoticeId),
}

/// The process and the attempt that have a lease.
#[derive(Clone, Copy, Debug)]
pub struct LeaseHolder(Uuid);

/// The result of asking for a lease.
#[derive(Debug)]
pub enum Lease<T> {
    /// The caller has the lease and sends the email.
    Acquired(T, LeaseHolder),
    /// Another process has the lease: it is sending the email, or died while it did.
    Held,
    /// The email was sent, or there is nothing to send any more.
    Finished,
    /// As many attempts as allowed had no known outcome: the email may have been sent.
    Exhausted,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    #[serde(default)]
    mailed_at: Option<Timestamp>,
    #[serde(default)]
    leased_until: Option<Timestamp>,
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
    /// The SDK repeats a write whose response was lost. Its condition holds again for the same
    /// holder, so that the holder is not kept out by its own lease.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn acquire_lease<T: DeserializeOwned>(
        &self,
        item: OutboxItem,
        reply: Option<&Reply>,
        now: Timestamp,
    ) -> Result<Lease<T>, StoreError> {
        let holder = LeaseHolder(entropy::uuid_v4());
        let change = match reply {
            None => "SET #leasedUntil = :until, #leaseHolder = :holder ADD #senders :senders",
            Some(_) => {
                "SET #leasedUntil = :until, #leaseHolder = :holder, #reply = if_not_exists(#reply, :reply) \
                    ADD #senders :senders"
            }
        };
        let unsent = "attribute_exists(#pk) AND attribute_not_exists(#mailedAt) AND #expiresAt > :now \
            AND (attribute_not_exists(#leasedUntil) OR #leasedUntil <= :now OR #leaseHolder = :holder) \
            AND (attribute_not_exists(#senders) OR size(#senders) < :max OR contains(#senders, :holder))";
        let mut lease = Write::update(item.key(), change, unsent).value("until", &now.plus(LEASE)).value("now", &now);
        lease = holder.values(lease).value("max", &MAX_SENDERS);
        if let Some(reply) = reply {
            lease = lease.object("reply", reply)?;
        }
        if let Some(leased) = self.update(lease).await? {
            return Ok(Lease::Acquired(leased, holder));
        }
        let progress: Option<Progress> = self.get(item.key()).await?;
        let unsent = progress.filter(|progress| progress.mailed_at.is_none() && progress.expires_at > now);
        let Some(progress) = unsent else { return Ok(Lease::Finished) };
        // Without a lease in its way, only the number of senders can have refused the write.
        Ok(if progress.leased_until.is_some_and(|until| until > now) { Lease::Held } else { Lease::Exhausted })
    }

    /// Marks an item as done: its email was sent, or can never be sent.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn finish(&self, item: OutboxItem, now: Timestamp) -> Result<(), StoreError> {
        // The item may be gone: a user can redeem the code before it is marked.
        let change = "SET #mailedAt = :now REMOVE #leasedUntil, #leaseHolder, #senders";
        let finish = Write::update(item.key(), change, EXISTS);
        self.update::<Progress>(finish.value("now", &now)).await.map(|_| ())
    }

    /// Releases the lease of an email that was certainly not sent, so that the next delivery need
    /// not wait for its end, and this attempt does not count.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn release(&self, item: OutboxItem, holder: LeaseHolder) -> Result<(), StoreError> {
        let change = "REMOVE #leasedUntil, #leaseHolder DELETE #senders :senders";
        let own = "attribute_exists(#pk) AND #leaseHolder = :holder";
        let release = holder.values(Write::update(item.key(), change, own));
        self.update::<Progress>(release).await.map(|_| ())
    }
}

impl LeaseHolder {
    /// Sets `:holder`, and `:senders` to the set of only this holder.
    fn values(self, write: Write) -> Write {
        let holder = self.0.to_string();
        write.value("holder", holder.as_str()).value("senders", &StringSet(&holder))
    }
}
