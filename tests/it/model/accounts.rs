//! The model's rules for accounts: the profile, the deletion and what undoes it.

use super::{
    answers::{Refusal, Success},
    requests::{Bearer, Failing, Name, Ref, Tag},
    world::{AliasState, Code, Email, Outcome, Removed, Verified, World, usable},
};
use crate::support::EmailKind;

impl World {
    pub(super) fn get_user(&mut self, user: Ref) -> Outcome {
        let user = user.read("id")?;
        self.call(Failing::GetItem)?;
        let account = user.and_then(|user| self.accounts.get(&user));
        let account = account.filter(|account| account.deleted_at.is_none()).ok_or(Refusal::NotFound)?;
        Ok(Success::User { alias: account.alias })
    }

    pub(super) fn get_account(&mut self, bearer: Bearer) -> Outcome {
        let user = self.sessions[&self.authenticate(bearer)?].user;
        let (emails, sessions) = (self.list_emails(bearer)?, self.list_sessions(bearer)?);
        let key_pairs = self.list_key_pairs(bearer)?;
        let account = &self.accounts[&user];
        Ok(Success::Account {
            user,
            alias: account.alias,
            created_at: account.created_at,
            emails: Box::new(emails),
            sessions: Box::new(sessions),
            key_pairs: Box::new(key_pairs),
        })
    }

    pub(super) fn update_user(&mut self, bearer: Bearer, alias: Option<Name>) -> Outcome {
        let session = self.authenticate(bearer)?;
        let alias = usable(alias, "alias")?;
        self.call(Failing::Query)?;
        self.call(Failing::TransactWriteItems)?;
        let account = self.accounts.get_mut(&self.sessions[&session].user).expect("the caller's account");
        if account.alias.which != alias.which {
            let is_free = self.aliases.get(&alias.which).is_none_or(|state| match state {
                AliasState::Owned => false,
                AliasState::Reserved { ends, .. } | AliasState::Deleted { ends } => *ends <= self.now,
            });
            if !is_free {
                return Err(Refusal::Invalid(vec!["alias"]));
            }
            self.aliases.remove(&account.alias.which);
            self.aliases.insert(alias.which, AliasState::Owned);
        }
        account.alias = alias;
        Ok(Success::Acknowledged)
    }

    pub(super) fn delete_user(&mut self, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.require_fresh(session)?;
        self.call(Failing::Query)?;
        let user = self.sessions[&session].user;
        self.check_changes(user)?;
        self.call(Failing::TransactWriteItems)?;
        let (event, at) = (self.next_event(), self.now);
        let ends = at + self.rules.recovery;
        let account = self.accounts.get_mut(&user).expect("the caller's account");
        account.deleted_at = Some(at);
        account.changes.push(at);
        self.aliases.insert(account.alias.which, AliasState::Deleted { ends });
        for Email { tag, address, verified } in account.emails.clone() {
            let Some(Verified { event: verified, .. }) = verified else { continue };
            let removed = Removed { user, email: tag, address, with_account: true, at, ends, event, verified };
            self.removed.insert(address.which, removed);
            self.mail(EmailKind::AccountDeleted, address);
        }
        self.sessions.retain(|_, session| session.user != user);
        self.key_pairs.retain(|_, key_pair| key_pair.user != user);
        Ok(Success::Acknowledged)
    }

    /// Takes the account back, if the address was removed from it a short time ago, or the account
    /// deleted.
    pub(super) fn recover(&mut self, tag: Tag, code: Code, user: Tag) -> Outcome {
        self.call(Failing::GetItem)?;
        let removed = self.removal(code.address).filter(|removed| removed.user == user).ok_or(Refusal::CodeRefused)?;
        self.call(Failing::Query)?;
        let account = self.accounts.get_mut(&user).expect("an account stays");
        let is_too_old = account.deleted_at.is_some_and(|deleted_at| code.created_at < deleted_at);
        // An older address has recovered the account since, and its owner decides.
        let superseded = |(event, verified)| event > removed.event && verified < removed.verified;
        if is_too_old || account.recovery.is_some_and(superseded) {
            return Err(Refusal::CodeRefused);
        }
        if self.failing == Some(Failing::TransactWriteItems) {
            return Err(Refusal::Unavailable);
        }
        let (previous, last) = (account.preferred(), account.recovery);
        let unverified = if removed.with_account { Vec::new() } else { self.restore_address(removed) };
        self.events += 1;
        let account = self.accounts.get_mut(&user).expect("an account stays");
        account.changes.push(self.now);
        let verified =
            last.filter(|_| removed.with_account).map_or(removed.verified, |last| last.1.min(removed.verified));
        account.recovery = Some((self.events, verified));
        if account.deleted_at.take().is_some() {
            self.aliases.insert(account.alias.which, AliasState::Owned);
            self.removed.retain(|_, other| other.user != user || !other.with_account);
        }
        self.removed.remove(&code.address.which);
        self.sessions.retain(|_, session| session.user != user);
        self.key_pairs.retain(|_, key_pair| key_pair.user != user);
        let kind = if removed.with_account { EmailKind::AccountRestored } else { EmailKind::AccountRecovered };
        self.mail(kind, removed.address);
        if previous.address.which != removed.address.which {
            let is_unverified = unverified.contains(&previous.tag);
            self.mail(if is_unverified { EmailKind::UnverifiedByRecovery } else { kind }, previous.address);
        }
        self.activate(user, tag, code);
        Ok(Success::Acknowledged)
    }

    /// Makes a removed address verified and preferred. Returns the addresses that this makes
    /// unverified.
    fn restore_address(&mut self, removed: Removed) -> Vec<Tag> {
        let account = self.accounts.get_mut(&removed.user).expect("an account stays");
        let begin = removed.at - self.rules.recovery;
        let mut unverified = Vec::new();
        account.emails.retain(|email| email.address.which != removed.address.which);
        for email in &mut account.emails {
            if email.verified.is_some_and(|own| own.at > begin && own.event > removed.verified) {
                email.verified = None;
                unverified.push(email.tag);
            }
        }
        let verified = Verified { at: self.now, event: removed.verified, recovered: true };
        account.emails.push(Email { tag: removed.email, address: removed.address, verified: Some(verified) });
        account.preferred = removed.email;
        unverified
    }
}
