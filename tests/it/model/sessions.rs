//! The model's rules for sessions.

use super::{
    answers::{Refusal, SessionDetails, Success},
    codes::submitted_code,
    requests::{Bearer, Failing, Guess, Name, Ref, Tag},
    world::{Account, AliasState, Code, Email, Outcome, Purpose, Scope, Session, Verified, World},
};
use crate::support::EmailKind;

impl World {
    pub(super) fn verify_session(&mut self, code: Ref, guess: Guess) -> Outcome {
        let tag = submitted_code(code, guess)?;
        let code = self.redeem(tag, guess, Scope::Session)?;
        let tag = tag.expect("a code that was right");
        match code.purpose {
            Purpose::SignUp { alias } => self.create_account(tag, code, alias),
            Purpose::Reauthenticate { user, session } => self.make_fresh(tag, code, user, session),
            _ => self.sign_in_with(tag, code),
        }
    }

    fn make_fresh(&mut self, tag: Tag, code: Code, user: Tag, session: Tag) -> Outcome {
        self.call(Failing::TransactWriteItems)?;
        let is_owner = self.owner(code.address).is_some_and(|(owner, _)| owner == user);
        if !is_owner || !self.is_active(session) {
            return Err(Refusal::CodeRefused);
        }
        self.sessions.get_mut(&session).expect("an active session").authenticated_at = self.now;
        self.codes.remove(&tag);
        Ok(Success::Acknowledged)
    }

    fn create_account(&mut self, tag: Tag, code: Code, alias: Name) -> Outcome {
        self.call(Failing::TransactWriteItems)?;
        let hold = self.aliases.get(&alias.which);
        let reserved = matches!(hold, Some(AliasState::Reserved { address, .. }) if *address == code.address.which);
        if !reserved || self.owner(code.address).is_some() || self.removal(code.address).is_some() {
            return Err(Refusal::CodeRefused);
        }
        self.aliases.insert(alias.which, AliasState::Owned);
        self.removed.remove(&code.address.which);
        let verified = Verified { at: self.now, event: self.next_event(), recovered: false };
        let email = Email { tag, address: code.address, verified: Some(verified) };
        let account = Account {
            alias,
            created_at: self.now,
            deleted_at: None,
            emails: vec![email],
            preferred: tag,
            changes: Vec::new(),
            recovery: None,
        };
        self.accounts.insert(tag, account);
        self.activate(tag, tag, code);
        Ok(Success::Acknowledged)
    }

    fn sign_in_with(&mut self, tag: Tag, code: Code) -> Outcome {
        let mailed_to = code.owner.expect("only an owner is mailed a code");
        if code.recovers {
            return self.recover(tag, code, mailed_to);
        }
        self.call(Failing::Query)?;
        if self.accounts[&mailed_to].deleted_at.is_some() {
            return Err(Refusal::CodeRefused);
        }
        self.call(Failing::TransactWriteItems)?;
        if self.owner(code.address).is_none_or(|(owner, _)| owner != mailed_to) {
            return self.recover(tag, code, mailed_to);
        }
        let mut active = self.active_sessions(mailed_to);
        while active.len() >= self.rules.sessions_per_user {
            self.sessions.remove(&active.remove(0));
        }
        if self.accounts[&mailed_to].preferred().address.which != code.address.which {
            self.notify_preferred(mailed_to, EmailKind::SignedInElsewhere);
        }
        self.activate(mailed_to, tag, code);
        Ok(Success::Acknowledged)
    }

    /// Uses the code and activates its session, whose lifetime began with the request for the code.
    pub(super) fn activate(&mut self, user: Tag, tag: Tag, code: Code) {
        self.codes.remove(&tag);
        let not_after = code.created_at + self.rules.session_maximum;
        let ends = (code.created_at + self.rules.session_lifetime).min(not_after);
        let order = self.sessions.values().map(|session| session.order + 1).max().unwrap_or_default();
        self.sessions
            .insert(tag, Session { user, order, created_at: self.now, authenticated_at: self.now, ends, not_after });
    }

    pub(super) fn check_session(&mut self, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        let Session { user, authenticated_at, ends, .. } = self.sessions[&session];
        let alias = self.accounts[&user].alias;
        Ok(Success::Session(SessionDetails { code: session, user, alias, authenticated_at, ends }))
    }

    pub(super) fn extend_session(&mut self, bearer: Bearer) -> Outcome {
        let tag = self.authenticate(bearer)?;
        self.call(Failing::TransactWriteItems)?;
        let session = self.sessions.get_mut(&tag).expect("an active session");
        session.ends = (self.now + self.rules.session_lifetime).min(session.not_after);
        Ok(Success::Extended { ends: session.ends })
    }

    pub(super) fn close_session(&mut self, bearer: Bearer, session: Ref) -> Outcome {
        let own = self.authenticate(bearer)?;
        let session = session.read("id")?;
        if session != Some(own) {
            self.call(Failing::GetItem)?;
        }
        let user = self.sessions[&own].user;
        let is_own = |session: &Tag| self.is_active(*session) && self.sessions[session].user == user;
        let session = session.filter(is_own).ok_or(Refusal::NotFound)?;
        self.call(Failing::TransactWriteItems)?;
        self.sessions.remove(&session);
        Ok(Success::Acknowledged)
    }

    pub(super) fn close_sessions(&mut self, bearer: Bearer, keep: Option<&'static str>) -> Outcome {
        let current = self.authenticate(bearer)?;
        if keep.is_some_and(|keep| keep != "current") {
            return Err(Refusal::Invalid(vec!["keep"]));
        }
        self.call(Failing::Query)?;
        let mut closed = self.active_sessions(self.sessions[&current].user);
        closed.retain(|session| keep.is_none() || *session != current);
        if !closed.is_empty() {
            self.call(Failing::TransactWriteItems)?;
        }
        self.sessions.retain(|session, _| !closed.contains(session));
        Ok(Success::Acknowledged)
    }

    pub(super) fn list_sessions(&mut self, bearer: Bearer) -> Outcome {
        let current = self.authenticate(bearer)?;
        self.call(Failing::Query)?;
        let newest_first = self.active_sessions(self.sessions[&current].user).into_iter().rev();
        Ok(Success::Sessions {
            active: newest_first.map(|tag| (tag, self.sessions[&tag].created_at, self.sessions[&tag].ends)).collect(),
            current,
        })
    }
}
