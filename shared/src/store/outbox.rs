//! The outbox: what is to be mailed was stored with what it is about; here it is taken out, once.
//!
//! Who wants to send a mail leases it first and marks it as sent afterwards. A record that the stream delivers again finds it sent; a
//! process that dies in between leaves a lease that ends, and the mail goes out again: the same code, perhaps twice, never none.

use std::time::Duration;

use super::{Store, fault::Fault, keys::Key, write::Write};
use crate::{
    EmailAddress, Timestamp,
    account::AddressClaim,
    id::{NoticeId, VerificationId},
    notice::Notice,
    verification::{Reply, Verification},
};

/// Longer than sending can take, so that two never send the same mail because one was slow.
const LEASE: Duration = Duration::from_secs(30);

/// What came of asking for a mail.
#[derive(Debug)]
pub enum Claimed<Mail> {
    /// It is the caller's to send.
    Yes(Mail),
    /// Somebody else is sending it at this moment, or died while he did.
    Leased,
    /// It was sent, or there is nothing to send any more.
    Done,
}

/// How far a mail got.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    #[serde(default)]
    mailed_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Store {
    /// Who has a verified address.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn owner_of(&self, address: &EmailAddress) -> Result<Option<AddressClaim>, Fault> {
        self.get(Key::address(address)).await
    }

    /// Leases the email of a verification and records `reply` in it. The reply that was recorded first stays: what a
    /// redelivery sends, and what its code opens, is what was decided at the first delivery.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn claim_code_mail(
        &self,
        id: VerificationId,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Claimed<Verification>, Fault> {
        let change = "SET #leasedUntil = :until, #reply = if_not_exists(#reply, :reply)";
        let claim = lease(Key::verification(id), change, now).object("reply", reply)?;
        self.claim(Key::verification(id), claim, now).await
    }

    /// Leases a notice.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn claim_notice(&self, id: NoticeId, now: Timestamp) -> Result<Claimed<Notice>, Fault> {
        let claim = lease(Key::notice(id), "SET #leasedUntil = :until", now);
        self.claim(Key::notice(id), claim, now).await
    }

    /// Says that the mail of a verification was sent, or never can be.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn finish_code_mail(&self, id: VerificationId, now: Timestamp) -> Result<(), Fault> {
        self.finish(Key::verification(id), now).await
    }

    /// Says that a notice was sent, or never can be.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn finish_notice(&self, id: NoticeId, now: Timestamp) -> Result<(), Fault> {
        self.finish(Key::notice(id), now).await
    }

    /// Gives the mail of a verification back at once, where it could not be sent this time.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn release_code_mail(&self, id: VerificationId) -> Result<(), Fault> {
        self.release(Key::verification(id)).await
    }

    /// Gives a notice back at once, where it could not be sent this time.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn release_notice(&self, id: NoticeId) -> Result<(), Fault> {
        self.release(Key::notice(id)).await
    }

    async fn claim<Mail: serde::de::DeserializeOwned>(
        &self,
        key: Key,
        claim: Write,
        now: Timestamp,
    ) -> Result<Claimed<Mail>, Fault> {
        if let Some(mail) = self.update(claim).await? {
            return Ok(Claimed::Yes(mail));
        }
        let progress: Option<Progress> = self.get(key).await?;
        let pending = progress.is_some_and(|mail| mail.mailed_at.is_none() && mail.expires_at > now);
        Ok(if pending { Claimed::Leased } else { Claimed::Done })
    }

    async fn finish(&self, key: Key, now: Timestamp) -> Result<(), Fault> {
        let change = "SET #mailedAt = :now REMOVE #leasedUntil";
        // It may be gone: whoever was quick has used the code already.
        self.update::<Progress>(Write::update(key, change, super::write::EXISTS).value("now", &now)).await.map(|_| ())
    }

    async fn release(&self, key: Key) -> Result<(), Fault> {
        let release = Write::update(key, "REMOVE #leasedUntil", super::write::EXISTS);
        self.update::<Progress>(release).await.map(|_| ())
    }
}

fn lease(key: Key, change: &'static str, now: Timestamp) -> Write {
    let unsent = "attribute_exists(#pk) AND attribute_not_exists(#mailedAt) AND #expiresAt > :now \
        AND (attribute_not_exists(#leasedUntil) OR #leasedUntil <= :now)";
    Write::update(key, change, unsent).value("until", &now.plus(LEASE)).value("now", &now)
}
