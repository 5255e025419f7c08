//! Decides which email goes to which address, and sends it once.

use serde::de::DeserializeOwned;
use shared::{
    EmailAddress, Language, Metric, Timestamp,
    domain::{
        account::AddressOwner,
        notice::{Event, Notice},
        verification::{Purpose, Reply, ReplyContent, Verification},
    },
    store::{Lease, OutboxItem, StoreError},
};
use tokio::try_join;

use crate::{
    SendMail,
    email::{Asker, Code, Letter},
    ses::SendError,
};

/// The outcome of a delivery attempt.
pub(crate) enum Outcome {
    /// The email was sent, and counts in this metric.
    Sent(Metric),
    /// There is nothing to send, or it was sent before.
    Done,
    /// The email is not worth sending any more.
    Dropped(&'static str),
    /// The address is suppressed.
    Suppressed,
    /// The attempt failed, and a later one can succeed.
    Retry(String),
    /// No attempt can succeed.
    Permanent(String),
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

impl SendMail {
    /// Replies to a request for a code, through the address in the request.
    pub(crate) async fn reply(&self, requested: &Verification, now: Timestamp) -> Result<Outcome, StoreError> {
        if requested.expires_at <= now {
            return Ok(Outcome::Dropped("the code has expired"));
        }
        let item = OutboxItem::Code(requested.id);
        // Suppression and ownership are keyed by canonical address, so spelling does not matter.
        let (is_suppressed, owner) =
            try_join!(self.store.is_suppressed(&requested.address), self.store.address_owner(&requested.address))?;
        if is_suppressed {
            return self.store.finish(item, now).await.map(|()| Outcome::Suppressed);
        }
        let reply = self.choose(requested, owner);
        self.deliver(item, Some(&reply), now, async |verification: &Verification| {
            // The reply of an earlier delivery, if there was one.
            let reply = verification.reply.as_ref().ok_or(SendError::Permanent("no reply was recorded".to_owned()))?;
            self.send_reply(reply, verification).await
        })
        .await
    }

    /// Notifies the owner of an account of a change.
    pub(crate) async fn notify(&self, notice: &Notice, now: Timestamp) -> Result<Outcome, StoreError> {
        if notice.expires_at <= now {
            return Ok(Outcome::Dropped("the notice has expired"));
        }
        let item = OutboxItem::Notice(notice.id);
        if self.store.is_suppressed(&notice.to).await? {
            return self.store.finish(item, now).await.map(|()| Outcome::Suppressed);
        }
        self.deliver(item, None, now, async |notice: &Notice| {
            let ip = notice.client.ip.to_string();
            let (user_agent, at) = (&notice.client.user_agent, notice.created_at.seconds());
            let asker = Asker { ip: &ip, user_agent, at };
            self.send(&notice.to, &notice_email(notice), notice.language, &asker).await?;
            Ok(Metric::NoticesMailed)
        })
        .await
    }

    /// Leases an item, sends its email, and marks the item as done or releases the lease.
    async fn deliver<T: DeserializeOwned>(
        &self,
        item: OutboxItem,
        reply: Option<&Reply>,
        now: Timestamp,
        send: impl AsyncFnOnce(&T) -> Result<Metric, SendError>,
    ) -> Result<Outcome, StoreError> {
        let leased = match self.store.acquire_lease(item, reply, now).await? {
            Lease::Acquired(leased) => leased,
            Lease::Held => return Ok(Outcome::Retry("another invocation is sending it".to_owned())),
            Lease::Finished => return Ok(Outcome::Done),
        };
        match send(&leased).await {
            Ok(metric) => self.store.finish(item, now).await.map(|()| Outcome::Sent(metric)),
            Err(SendError::Permanent(cause)) => self.store.finish(item, now).await.map(|()| Outcome::Permanent(cause)),
            Err(SendError::Retry(cause)) => self.store.release(item).await.map(|()| Outcome::Retry(cause)),
        }
    }

    /// Decides how a request for a code is replied to. An owner is written to as they typed their
    /// address: `Jane@` and `jane@` could be two mailboxes on some servers.
    fn choose(&self, requested: &Verification, owner: Option<AddressOwner>) -> Reply {
        let code = |owner| ReplyContent::Code { key: self.keys.current().clone(), owner };
        let (content, owner) = match (&requested.purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (code(None), None),
            (Purpose::SignIn { .. }, Some(owner)) => (code(Some(owner.user)), Some(owner)),
            (Purpose::SignIn { .. }, None) => (ReplyContent::NoAccount, None),
            (Purpose::SignUp { .. }, owner) => (ReplyContent::AlreadyRegistered, owner),
            (Purpose::AddEmail { .. }, owner) => (ReplyContent::BelongsToAnother, owner),
        };
        Reply { to: owner.map_or_else(|| requested.address.clone(), |owner| owner.address), content }
    }

    async fn send_reply(&self, reply: &Reply, verification: &Verification) -> Result<Metric, SendError> {
        let code = verification.code(&self.keys);
        let (email, metric) = match (&reply.content, &code) {
            (ReplyContent::Code { .. }, Some(code)) => {
                let email = code_email(verification, code.reveal()).map_err(|_| SendError::unwritable())?;
                (email, Metric::CodesMailed)
            }
            (ReplyContent::Code { .. }, None) => {
                return Err(SendError::Permanent("its code key is missing".to_owned()));
            }
            (ReplyContent::AlreadyRegistered, _) => (Letter::AlreadyRegistered, Metric::NoticesMailed),
            (ReplyContent::NoAccount, _) => (Letter::NoAccount, Metric::NoticesMailed),
            (ReplyContent::BelongsToAnother, _) => (Letter::BelongsToAnother, Metric::NoticesMailed),
        };
        let ip = verification.client.ip.to_string();
        let (user_agent, at) = (&verification.client.user_agent, verification.created_at.seconds());
        self.send(&reply.to, &email, verification.language, &Asker { ip: &ip, user_agent, at }).await?;
        Ok(metric)
    }

    async fn send(
        &self,
        to: &EmailAddress,
        email: &Letter<'_>,
        language: Language,
        asker: &Asker<'_>,
    ) -> Result<(), SendError> {
        let message = email.write(language, &self.letterhead, asker).map_err(|_| SendError::unwritable())?;
        self.ses.send(to, message).await
    }
}

fn code_email<'a>(verification: &Verification, digits: &'a str) -> Result<Letter<'a>, askama::Error> {
    let code = Code::new(digits, verification.created_at.seconds(), verification.expires_at.seconds())?;
    Ok(match verification.purpose {
        Purpose::SignUp { .. } => Letter::SignUpCode(code),
        Purpose::SignIn { .. } => Letter::SignInCode(code),
        Purpose::AddEmail { .. } => Letter::AddAddressCode(code),
    })
}

fn notice_email(notice: &Notice) -> Letter<'_> {
    let address = notice.address.as_str();
    match notice.event {
        Event::AddressVerified => Letter::AddressVerified { address },
        Event::AddressRemoved => Letter::AddressRemoved { address },
        Event::AddressPreferred => Letter::AddressPreferred { address },
        Event::NoLongerPreferred => Letter::NoLongerPreferred { address },
        Event::SignedInElsewhere => Letter::SignedInElsewhere { address },
    }
}
