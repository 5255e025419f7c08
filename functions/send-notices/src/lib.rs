//! Sends security notices: reads them from the table's stream and sends emails through SES.
//!
//! Every notice is an item, stored together with the change that it is about. This function has its
//! own place in the stream, so that neither a flood of notices nor a notice that waits for SES
//! delays a code.

use mail::{Consumer, Email, Mailer, Outcome};
use shared::{
    Config, ConfigError, EmailAddress, Metric, Timestamp,
    domain::{
        account::Email as Address,
        key_pair::KeyName,
        notice::{Event, Notice},
    },
    store::{OutboxItem, StoreError},
};

/// The state of the function's process.
#[derive(Debug)]
pub struct SendNotices {
    mailer: Mailer,
}

impl Consumer for SendNotices {
    const NAME: &'static str = "send-notices";
    const KIND: &'static str = "NOTICE";
    type Item = Notice;

    fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self { mailer: Mailer::new(config)? })
    }

    async fn mail(&self, notice: Notice, now: Timestamp) -> Result<Outcome, StoreError> {
        if notice.expires_at <= now {
            return Ok(Outcome::Dropped("the notice has expired"));
        }
        let item = OutboxItem::Notice(notice.id);
        let Some(to) = self.recipient(&notice, now).await? else {
            return self.mailer.store.finish(item, now).await.map(|()| Outcome::Suppressed);
        };
        self.mailer
            .deliver(item, None, now, async |notice: &Notice| {
                let from = (&notice.client, notice.created_at);
                self.mailer.send(&to, &email(notice), notice.language, from).await?;
                Ok(Metric::NoticesMailed)
            })
            .await
    }
}

impl SendNotices {
    /// Returns the address that a notice goes to: if its recipient is suppressed, the oldest
    /// verified address of the account that is not.
    async fn recipient(&self, notice: &Notice, now: Timestamp) -> Result<Option<EmailAddress>, StoreError> {
        let store = &self.mailer.store;
        if !store.is_suppressed(&notice.to, now).await? {
            return Ok(Some(notice.to.clone()));
        }
        // The account's other addresses have a notice of their own, except of key pairs.
        if notice.event != Event::KeyPairVerified && notice.to.canonical() == notice.address.canonical() {
            return Ok(None);
        }
        let mut emails = match store.account(notice.user).await {
            Ok(account) => account.emails,
            Err(StoreError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        emails.retain(Address::is_verified);
        emails.sort_by_key(|email| email.verified_in);
        for email in emails {
            if !store.is_suppressed(&email.address, now).await? {
                return Ok(Some(email.address));
            }
        }
        Ok(None)
    }
}

fn email(notice: &Notice) -> Email<'_> {
    let address = notice.address.as_str();
    match notice.event {
        Event::AddressVerified => Email::AddressVerified { address },
        Event::AddressRemoved => {
            let recoverable_until = notice.recoverable_until.map(Timestamp::seconds);
            Email::AddressRemoved { address, recoverable_until }
        }
        Event::AddressPreferred => Email::AddressPreferred { address },
        Event::NoLongerPreferred => Email::NoLongerPreferred { address },
        Event::SignedInElsewhere => Email::SignedInElsewhere { address },
        Event::AccountRecovered => Email::AccountRecovered { address },
        Event::AccountDeleted => {
            let recoverable_until = notice.recoverable_until.map(Timestamp::seconds);
            Email::AccountDeleted { address, recoverable_until }
        }
        Event::AccountRestored => Email::AccountRestored { address },
        Event::UnverifiedByRecovery => Email::UnverifiedByRecovery { address },
        Event::KeyPairVerified => Email::KeyPairVerified { name: notice.key_name.as_ref().map_or("", KeyName::as_str) },
    }
}
