//! Which letter goes to whom, and that it goes once.

use shared::{
    EmailAddress, Language, Metric, Timestamp, VerificationId,
    account::AddressClaim,
    notice::{Event, Notice},
    store::{Claimed, Fault},
    verification::{Purpose, Reply, ReplyContent, Verification},
};
use tokio::try_join;

use crate::{
    SendMail,
    letter::{Asker, Code, Letter},
    ses::Refusal,
};

/// What became of a record.
pub(crate) enum Outcome {
    /// Sent just now, and the metric that it is counted in.
    Sent(Metric),
    /// There is nothing to be done, or it was done before.
    Done,
    /// Not worth sending any more.
    Dropped(&'static str),
    /// Its address gets no mail any more.
    Suppressed,
    /// It may succeed later.
    Later(String),
    /// It can't succeed, however often it is tried.
    Never(String),
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self::Later(fault.to_string())
    }
}

impl SendMail {
    /// Answers whoever asked for a code, through the address that he gave.
    pub(crate) async fn answer(&self, asked: &Verification, now: Timestamp) -> Outcome {
        if asked.expires_at <= now {
            return Outcome::Dropped("the code has expired");
        }
        match self.try_to_answer(asked, now).await {
            Ok(outcome) => outcome,
            Err(fault) => fault.into(),
        }
    }

    async fn try_to_answer(&self, asked: &Verification, now: Timestamp) -> Result<Outcome, Fault> {
        let store = &self.app.store;
        // Whoever is answered has the address that was asked for, however he writes it.
        let (suppressed, owner) = try_join!(store.is_suppressed(&asked.address), store.owner_of(&asked.address))?;
        if suppressed {
            return store.finish_code_mail(asked.id, now).await.map(|()| Outcome::Suppressed);
        }
        let reply = self.choose(asked, owner);
        let verification = match store.claim_code_mail(asked.id, &reply, now).await? {
            Claimed::Yes(verification) => verification,
            Claimed::Leased => return Ok(Outcome::Later("another invocation is sending it".to_owned())),
            Claimed::Done => return Ok(Outcome::Done),
        };
        let (counts, sent) = match &verification.reply {
            // The reply of an earlier delivery, if there was one.
            Some(reply) => (counts(reply), self.send_reply(reply, &verification).await),
            None => (Metric::NoticesMailed, Err(Refusal::Never("no reply was chosen".to_owned()))),
        };
        let id: VerificationId = verification.id;
        match sent {
            Ok(()) => self.app.store.finish_code_mail(id, now).await.map(|()| Outcome::Sent(counts)),
            Err(Refusal::Never(why)) => self.app.store.finish_code_mail(id, now).await.map(|()| Outcome::Never(why)),
            Err(Refusal::Later(why)) => self.app.store.release_code_mail(id).await.map(|()| Outcome::Later(why)),
        }
    }

    async fn send_reply(&self, reply: &Reply, verification: &Verification) -> Result<(), Refusal> {
        let code = verification.code(&self.keys);
        let letter = match (&reply.content, &code) {
            (ReplyContent::Code { .. }, None) => return Err(Refusal::Never("its code key is missing".to_owned())),
            (ReplyContent::Code { .. }, Some(code)) => {
                code_letter(verification, code.reveal()).map_err(|_| no_letter())?
            }
            (ReplyContent::AlreadyRegistered, _) => Letter::AlreadyRegistered,
            (ReplyContent::NoAccount, _) => Letter::NoAccount,
            (ReplyContent::BelongsToAnother, _) => Letter::BelongsToAnother,
        };
        let ip = verification.caller.ip.to_string();
        let (user_agent, at) = (&verification.caller.user_agent, verification.created_at.seconds());
        self.post(&reply.to, &letter, verification.language, &Asker { ip: &ip, user_agent, at }).await
    }

    /// Decides how a request for a code is replied to. An owner is written to as they typed their address: `Jane@` and
    /// `jane@` could be two mailboxes on some servers.
    fn choose(&self, asked: &Verification, owner: Option<AddressClaim>) -> Reply {
        let code = |owner| ReplyContent::Code { key: self.keys.current().clone(), owner };
        let (content, owner) = match (&asked.purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (code(None), None),
            (Purpose::SignIn { .. }, Some(owner)) => (code(Some(owner.user)), Some(owner)),
            (Purpose::SignIn { .. }, None) => (ReplyContent::NoAccount, None),
            (Purpose::SignUp { .. }, owner) => (ReplyContent::AlreadyRegistered, owner),
            (Purpose::AddEmail { .. }, owner) => (ReplyContent::BelongsToAnother, owner),
        };
        Reply { to: owner.map_or_else(|| asked.address.clone(), |owner| owner.address), content }
    }

    async fn post(
        &self,
        to: &EmailAddress,
        letter: &Letter<'_>,
        language: Language,
        asker: &Asker<'_>,
    ) -> Result<(), Refusal> {
        let message = letter.write(language, &self.letterhead, asker).map_err(|_| no_letter())?;
        self.ses.send(to, message).await
    }

    /// Tells an account's owner what was done to it.
    pub(crate) async fn notify(&self, notice: &Notice, now: Timestamp) -> Outcome {
        if notice.expires_at <= now {
            return Outcome::Dropped("the notice has expired");
        }
        match self.try_to_notify(notice, now).await {
            Ok(outcome) => outcome,
            Err(fault) => fault.into(),
        }
    }

    async fn try_to_notify(&self, notice: &Notice, now: Timestamp) -> Result<Outcome, Fault> {
        let store = &self.app.store;
        if store.is_suppressed(&notice.to).await? {
            return store.finish_notice(notice.id, now).await.map(|()| Outcome::Suppressed);
        }
        let notice = match store.claim_notice(notice.id, now).await? {
            Claimed::Yes(notice) => notice,
            Claimed::Leased => return Ok(Outcome::Later("another invocation is sending it".to_owned())),
            Claimed::Done => return Ok(Outcome::Done),
        };
        let ip = notice.caller.ip.to_string();
        let asker = Asker { ip: &ip, user_agent: &notice.caller.user_agent, at: notice.created_at.seconds() };
        match self.post(&notice.to, &notice_letter(&notice), notice.language, &asker).await {
            Ok(()) => store.finish_notice(notice.id, now).await.map(|()| Outcome::Sent(Metric::NoticesMailed)),
            Err(Refusal::Never(why)) => store.finish_notice(notice.id, now).await.map(|()| Outcome::Never(why)),
            Err(Refusal::Later(why)) => store.release_notice(notice.id).await.map(|()| Outcome::Later(why)),
        }
    }
}

fn counts(reply: &Reply) -> Metric {
    if matches!(reply.content, ReplyContent::Code { .. }) { Metric::CodesMailed } else { Metric::NoticesMailed }
}

fn code_letter<'a>(asked: &Verification, digits: &'a str) -> Result<Letter<'a>, askama::Error> {
    let code = Code::new(digits, asked.created_at.seconds(), asked.expires_at.seconds())?;
    Ok(match asked.purpose {
        Purpose::SignUp { .. } => Letter::SignUpCode(code),
        Purpose::SignIn { .. } => Letter::SignInCode(code),
        Purpose::AddEmail { .. } => Letter::AddAddressCode(code),
    })
}

fn no_letter() -> Refusal {
    Refusal::Never("the email cannot be rendered".to_owned())
}

fn notice_letter(notice: &Notice) -> Letter<'_> {
    let address = notice.address.as_str();
    match notice.event {
        Event::AddressVerified => Letter::AddressVerified { address },
        Event::AddressRemoved => Letter::AddressRemoved { address },
        Event::AddressPreferred => Letter::AddressPreferred { address },
        Event::NoLongerPreferred => Letter::NoLongerPreferred { address },
        Event::SignedInElsewhere => Letter::SignedInElsewhere { address },
    }
}
