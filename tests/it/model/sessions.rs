//! The model's rules of sessions.

use super::{
    answers::{Opened, Refusal, Told},
    codes::proof,
    requests::{Bearer, Failing, Guess, Ref, Tag, Typed},
    world::{Account, Code, Email, Hold, OpenSession, Outcome, Purpose, World},
};
use crate::support::Letter;

impl World {
    pub(super) fn verify_session(&mut self, code: Ref, guess: Guess) -> Outcome {
        let tag = proof(code, guess)?;
        let code = self.redeem(tag, guess, true)?;
        let tag = tag.expect("a code that was right");
        match code.purpose {
            Purpose::SignUp { alias } => self.create_account(tag, code, alias),
            _ => self.sign_in_with(tag, code),
        }
    }

    fn create_account(&mut self, tag: Tag, code: Code, alias: Typed) -> Outcome {
        self.call(Failing::TransactWriteItems)?;
        let hold = self.aliases.get(&alias.which);
        let reserved = matches!(hold, Some(Hold::Reserved { address, .. }) if *address == code.address.which);
        if !reserved || self.owner(code.address).is_some() {
            return Err(Refusal::CodeRefused);
        }
        self.aliases.insert(alias.which, Hold::Owned);
        let email = Email { tag, address: code.address, verified: true };
        self.accounts.insert(tag, Account { alias, emails: vec![email], preferred: tag });
        self.open(tag, tag, code);
        Ok(Told::Acknowledged)
    }

    fn sign_in_with(&mut self, tag: Tag, code: Code) -> Outcome {
        self.call(Failing::Query)?;
        self.call(Failing::TransactWriteItems)?;
        let mailed_to = code.owner.expect("somebody got the code");
        if self.owner(code.address).is_none_or(|(owner, _)| owner != mailed_to) {
            return Err(Refusal::CodeRefused);
        }
        let mut open = self.open_sessions(mailed_to);
        while open.len() >= self.rules.sessions_per_user {
            self.sessions.remove(&open.remove(0));
        }
        if self.accounts[&mailed_to].preferred().address.which != code.address.which {
            self.tell_preferred(mailed_to, Letter::SignedInElsewhere);
        }
        self.open(mailed_to, tag, code);
        Ok(Told::Acknowledged)
    }

    /// The code is used up, and its session open. It lives from the moment when the code was asked for.
    fn open(&mut self, user: Tag, tag: Tag, code: Code) {
        self.codes.remove(&tag);
        let ends_at_last = code.asked_at + self.rules.session_maximum;
        let ends = (code.asked_at + self.rules.session_lifetime).min(ends_at_last);
        let order = self.sessions.values().map(|session| session.order + 1).max().unwrap_or_default();
        self.sessions.insert(tag, OpenSession { user, order, ends, ends_at_last });
    }

    pub(super) fn check_session(&mut self, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        let OpenSession { user, ends, .. } = self.sessions[&session];
        Ok(Told::Session(Opened { asked_by: session, user, alias: self.accounts[&user].alias, ends }))
    }

    pub(super) fn extend_session(&mut self, bearer: Bearer) -> Outcome {
        let tag = self.authenticate(bearer)?;
        self.call(Failing::TransactWriteItems)?;
        let session = self.sessions.get_mut(&tag).expect("an open session");
        session.ends = (self.now + self.rules.session_lifetime).min(session.ends_at_last);
        Ok(Told::Acknowledged)
    }

    pub(super) fn close_session(&mut self, bearer: Bearer, session: Ref) -> Outcome {
        let own = self.authenticate(bearer)?;
        let session = session.read("id")?;
        if session != Some(own) {
            self.call(Failing::GetItem)?;
        }
        let user = self.sessions[&own].user;
        let is_his = |session: &Tag| self.is_open(*session) && self.sessions[session].user == user;
        let session = session.filter(is_his).ok_or(Refusal::NotFound)?;
        self.call(Failing::TransactWriteItems)?;
        self.sessions.remove(&session);
        Ok(Told::Acknowledged)
    }

    pub(super) fn list_sessions(&mut self, bearer: Bearer) -> Outcome {
        let current = self.authenticate(bearer)?;
        self.call(Failing::Query)?;
        let newest_first = self.open_sessions(self.sessions[&current].user).into_iter().rev();
        Ok(Told::Sessions { open: newest_first.map(|tag| (tag, self.sessions[&tag].ends)).collect(), current })
    }
}
