//! Decides which email a request for a code is replied to with, and sends it once.

use mail::{Code, Email, Outcome, SendError};
use shared::{
    Metric, Timestamp,
    domain::{
        account::AddressOwner,
        verification::{Purpose, Reply, ReplyContent, SignInEffect, Verification},
    },
    store::{OutboxItem, StoreError},
};
use tokio::try_join;

use crate::SendMail;

impl SendMail {
    /// Replies to a request for a code, through the address in the request.
    pub(crate) async fn reply(&self, requested: &Verification, now: Timestamp) -> Result<Outcome, StoreError> {
        if requested.expires_at <= now {
            return Ok(Outcome::Dropped("the code has expired"));
        }
        let store = &self.mailer.store;
        let item = OutboxItem::Code(requested.id);
        // Suppression and ownership are keyed by canonical address, so spelling does not matter.
        let (is_suppressed, owner) =
            try_join!(store.is_suppressed(&requested.address, now), store.address_owner(&requested.address, now))?;
        if is_suppressed {
            return store.finish(item, now).await.map(|()| Outcome::Suppressed);
        }
        let Some(reply) = self.choose(requested, owner) else {
            let dropped = Outcome::Dropped("the address is not the user's any more");
            return store.finish(item, now).await.map(|()| dropped);
        };
        self.mailer
            .deliver(item, Some(&reply), now, async |verification: &Verification| {
                // The reply of an earlier delivery, if there was one.
                let no_reply = || SendError::Permanent("no reply was recorded".to_owned());
                self.send_reply(verification.reply.as_ref().ok_or_else(no_reply)?, verification).await
            })
            .await
    }

    /// Decides how a request for a code is replied to. An owner is written to as they typed their
    /// address: `Jane@` and `jane@` could be two mailboxes on some servers.
    ///
    /// Returns `None` if the code is for the owner of an address that the user has removed.
    fn choose(&self, requested: &Verification, owner: Option<AddressOwner>) -> Option<Reply> {
        let code = |owner, effect| ReplyContent::Code { key: self.keys.current().clone(), owner, effect };
        let removal = owner.as_ref().and_then(|owner| owner.removal.as_ref());
        let effect = match removal {
            None => SignInEffect::None,
            Some(removal) if removal.account_deleted => SignInEffect::Restores,
            Some(_) => SignInEffect::Recovers,
        };
        let is_removed = removal.is_some();
        let (content, owner) = match (&requested.purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (code(None, SignInEffect::None), None),
            // A user can add an address again that they removed.
            (Purpose::AddEmail { user, .. }, Some(owner)) if is_removed && owner.user == *user => {
                (code(None, SignInEffect::None), None)
            }
            (Purpose::SignIn { .. }, Some(owner)) => (code(Some(owner.user), effect), Some(owner)),
            (Purpose::SignIn { .. }, None) => (ReplyContent::NoAccount, None),
            (Purpose::SignUp { .. }, owner) => (ReplyContent::AlreadyRegistered, owner),
            (Purpose::AddEmail { .. }, owner) => (ReplyContent::BelongsToAnother, owner),
            (Purpose::KeyPair { user, .. } | Purpose::Reauthenticate { user, .. }, Some(owner))
                if !is_removed && owner.user == *user =>
            {
                (code(None, SignInEffect::None), Some(owner))
            }
            (Purpose::KeyPair { .. } | Purpose::Reauthenticate { .. }, _) => return None,
        };
        Some(Reply { to: owner.map_or_else(|| requested.address.clone(), |owner| owner.address), content })
    }

    async fn send_reply(&self, reply: &Reply, verification: &Verification) -> Result<Metric, SendError> {
        let code = verification.code(&self.keys);
        let (email, metric) = match (&reply.content, &code) {
            (ReplyContent::Code { effect, .. }, Some(code)) => {
                (code_email(verification, *effect, code.reveal())?, Metric::CodesMailed)
            }
            (ReplyContent::Code { .. }, None) => {
                return Err(SendError::Permanent("its code key is missing".to_owned()));
            }
            (ReplyContent::AlreadyRegistered, _) => (Email::AlreadyRegistered, Metric::NoticesMailed),
            (ReplyContent::NoAccount, _) => (Email::NoAccount, Metric::NoticesMailed),
            (ReplyContent::BelongsToAnother, _) => (Email::BelongsToAnother, Metric::NoticesMailed),
        };
        let from = (&verification.client, verification.created_at);
        self.mailer.send(&reply.to, &email, verification.language, from).await?;
        Ok(metric)
    }
}

fn code_email<'a>(verification: &'a Verification, effect: SignInEffect, digits: &str) -> Result<Email<'a>, SendError> {
    let code = Code::new(digits, verification.created_at.seconds(), verification.expires_at.seconds())?;
    Ok(match &verification.purpose {
        Purpose::SignUp { .. } => Email::SignUpCode(code),
        Purpose::SignIn { .. } => match effect {
            SignInEffect::None => Email::SignInCode(code),
            SignInEffect::Recovers => Email::RecoveryCode(code),
            SignInEffect::Restores => Email::RestoreCode(code),
        },
        Purpose::AddEmail { .. } => Email::AddAddressCode(code),
        Purpose::KeyPair { key_name, .. } => Email::KeyPairCode { code, name: key_name.as_str() },
        Purpose::Reauthenticate { .. } => Email::ReauthenticationCode(code),
    })
}
