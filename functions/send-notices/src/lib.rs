//! Sends a security notice once.

use mail::{Email, Outcome};
use shared::{
    Metric, Timestamp,
    domain::notice::{Event, Notice},
    store::{OutboxItem, StoreError},
};

use crate::SendMail;

impl SendMail {
    /// Notifies the owner of an account of a change.
    pub(crate) async fn notify(&self, notice: &Notice, now: Timestamp) -> Result<Outcome, StoreError> {
        if notice.expires_at <= now {
            return Ok(Outcome::Dropped("the notice has expired"));
        }
        let item = OutboxItem::Notice(notice.id);
        if self.mailer.store.is_suppressed(&notice.to).await? {
            return self.mailer.store.finish(item, now).await.map(|()| Outcome::Suppressed);
        }
        self.mailer
            .deliver(item, None, now, async |notice: &Notice| {
                let from = (&notice.client, notice.created_at);
                self.mailer.send(&notice.to, &email(notice), notice.language, from).await?;
                Ok(Metric::NoticesMailed)
            })
            .await
    }
}

fn email(notice: &Notice) -> Email<'_> {
    let address = notice.address.as_str();
    match notice.event {
        Event::AddressVerified => Email::AddressVerified { address },
        Event::AddressRemoved => Email::AddressRemoved { address },
        Event::AddressPreferred => Email::AddressPreferred { address },
        Event::NoLongerPreferred => Email::NoLongerPreferred { address },
        Event::SignedInElsewhere => Email::SignedInElsewhere { address },
    }
}
