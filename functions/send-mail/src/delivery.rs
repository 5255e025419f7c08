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
    email::{Code, Email, Requester},
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
            try_join!(self.store.is_suppressed(&requested.address), self.store.address_owner(&requested.address, now))?;
        if is_suppressed {
            return self.store.finish(item, now).await.map(|()| Outcome::Suppressed);
        }
        let Some(reply) = self.choose(requested, owner) else {
            let dropped = Outcome::Dropped("the address is not the user's any more");
            return self.store.finish(item, now).await.map(|()| dropped);
        };
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
            let requester = Requester { ip: &ip, user_agent, at };
            self.send(&notice.to, &notice_email(notice), notice.language, &requester).await?;
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
    /// Returns `None` if there is nothing to say.
    fn choose(&self, requested: &Verification, owner: Option<AddressOwner>) -> Option<Reply> {
        let code = |owner, recovers| ReplyContent::Code { key: self.keys.current().clone(), owner, recovers };
        let is_removed = owner.as_ref().is_some_and(|owner| owner.removal.is_some());
        let (content, owner) = match (&requested.purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (code(None, false), None),
            // A user can add an address again that they removed.
            (Purpose::AddEmail { user, .. }, Some(owner)) if is_removed && owner.user == *user => {
                (code(None, false), None)
            }
            (Purpose::SignIn { .. }, Some(owner)) => (code(Some(owner.user), is_removed), Some(owner)),
            (Purpose::SignIn { .. }, None) => (ReplyContent::NoAccount, None),
            (Purpose::SignUp { .. }, owner) => (ReplyContent::AlreadyRegistered, owner),
            (Purpose::AddEmail { .. }, owner) => (ReplyContent::BelongsToAnother, owner),
            (Purpose::Reauthenticate { user, .. }, Some(owner)) if !is_removed && owner.user == *user => {
                (code(None, false), Some(owner))
            }
            (Purpose::Reauthenticate { .. }, _) => return None,
        };
        Some(Reply { to: owner.map_or_else(|| requested.address.clone(), |owner| owner.address), content })
    }

    async fn send_reply(&self, reply: &Reply, verification: &Verification) -> Result<Metric, SendError> {
        let code = verification.code(&self.keys);
        let (email, metric) = match (&reply.content, &code) {
            (ReplyContent::Code { recovers, .. }, Some(code)) => {
                let email = code_email(verification, *recovers, code.reveal()).map_err(|_| SendError::unwritable())?;
                (email, Metric::CodesMailed)
            }
            (ReplyContent::Code { .. }, None) => {
                return Err(SendError::Permanent("its code key is missing".to_owned()));
            }
            (ReplyContent::AlreadyRegistered, _) => (Email::AlreadyRegistered, Metric::NoticesMailed),
            (ReplyContent::NoAccount, _) => (Email::NoAccount, Metric::NoticesMailed),
            (ReplyContent::BelongsToAnother, _) => (Email::BelongsToAnother, Metric::NoticesMailed),
        };
        let ip = verification.client.ip.to_string();
        let (user_agent, at) = (&verification.client.user_agent, verification.created_at.seconds());
        self.send(&reply.to, &email, verification.language, &Requester { ip: &ip, user_agent, at }).await?;
        Ok(metric)
    }

    async fn send(
        &self,
        to: &EmailAddress,
        email: &Email<'_>,
        language: Language,
        requester: &Requester<'_>,
    ) -> Result<(), SendError> {
        let message = email.write(language, &self.branding, requester).map_err(|_| SendError::unwritable())?;
        self.ses.send(to, message).await
    }
}

fn code_email<'a>(verification: &Verification, recovers: bool, digits: &'a str) -> Result<Email<'a>, askama::Error> {
    let code = Code::new(digits, verification.created_at.seconds(), verification.expires_at.seconds())?;
    Ok(match verification.purpose {
        Purpose::SignUp { .. } => Email::SignUpCode(code),
        Purpose::SignIn { .. } if recovers => Email::RecoveryCode(code),
        Purpose::SignIn { .. } => Email::SignInCode(code),
        Purpose::AddEmail { .. } => Email::AddAddressCode(code),
        Purpose::Reauthenticate { .. } => Email::ReauthenticationCode(code),
    })
}

fn notice_email(notice: &Notice) -> Email<'_> {
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
        Event::UnverifiedByRecovery => Email::UnverifiedByRecovery { address },
    }
}
