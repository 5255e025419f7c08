//! Which letter goes to whom, and that it goes once.

use shared::{
    EmailAddress, Language, Metric, Timestamp, VerificationId,
    account::AddressClaim,
    notice::{Event, Notice},
    store::{Claimed, Fault},
    verification::{Purpose, Verification},
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

/// What the owner of an address is told when somebody asked for a code.
enum Answer {
    /// The code, at this address; a sign-in's opens the account of `owner`.
    Code { to: EmailAddress, owner: Option<AddressClaim> },
    /// Something else, at this address.
    Instead { to: EmailAddress, letter: Letter<'static> },
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
        let answer = choose(asked, owner);
        let claim = match &answer {
            Answer::Code { owner, .. } => (Some(self.keys.current()), owner.as_ref().map(|owner| owner.user)),
            Answer::Instead { .. } => (None, None),
        };
        let verification = match self.app.store.claim_code_mail(asked.id, claim, now).await? {
            Claimed::Yes(verification) => verification,
            Claimed::Leased => return Ok(Outcome::Later("somebody else is sending it".to_owned())),
            Claimed::Done => return Ok(Outcome::Done),
        };
        let counts = if matches!(answer, Answer::Code { .. }) { Metric::CodesMailed } else { Metric::NoticesMailed };
        let sent = match answer {
            Answer::Instead { to, letter } => self.send(&to, letter, &verification).await,
            Answer::Code { to, .. } => match verification.code(&self.keys) {
                None => Err(Refusal::Never("its key is gone".to_owned())),
                Some(code) => match code_letter(&verification, code.reveal()) {
                    Ok(letter) => self.send(&to, letter, &verification).await,
                    Err(_) => Err(no_letter()),
                },
            },
        };
        let id: VerificationId = verification.id;
        match sent {
            Ok(()) => self.app.store.finish_code_mail(id, now).await.map(|()| Outcome::Sent(counts)),
            Err(Refusal::Never(why)) => self.app.store.finish_code_mail(id, now).await.map(|()| Outcome::Never(why)),
            Err(Refusal::Later(why)) => self.app.store.release_code_mail(id).await.map(|()| Outcome::Later(why)),
        }
    }

    async fn send(&self, to: &EmailAddress, letter: Letter<'_>, of: &Verification) -> Result<(), Refusal> {
        let ip = of.caller.ip.to_string();
        let asker = Asker { ip: &ip, user_agent: &of.caller.user_agent, at: of.created_at.seconds() };
        self.post(to, &letter, of.language, &asker).await
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
            Claimed::Leased => return Ok(Outcome::Later("somebody else is sending it".to_owned())),
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

/// A known owner is written to as he himself typed his address: `Jane@` and `jane@` could be two mailboxes somewhere.
fn choose(asked: &Verification, owner: Option<AddressClaim>) -> Answer {
    match (&asked.purpose, owner) {
        (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => {
            Answer::Code { to: asked.address.clone(), owner: None }
        }
        (Purpose::SignIn { .. }, Some(owner)) => Answer::Code { to: owner.address.clone(), owner: Some(owner) },
        (Purpose::SignIn { .. }, None) => Answer::Instead { to: asked.address.clone(), letter: Letter::NoAccount },
        (Purpose::SignUp { .. }, Some(owner)) => {
            Answer::Instead { to: owner.address, letter: Letter::AlreadyRegistered }
        }
        (Purpose::AddEmail { .. }, Some(owner)) => {
            Answer::Instead { to: owner.address, letter: Letter::BelongsToAnother }
        }
    }
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
    Refusal::Never("no letter".to_owned())
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
