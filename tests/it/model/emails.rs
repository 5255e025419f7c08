//! The model's rules for the addresses of an account.

use super::{
    answers::{ListedEmail, Refusal, Success},
    requests::{Bearer, Failing, Guess, Name, Ref, Tag},
    world::{Email, Outcome, Purpose, Removed, Scope, Verified, World, usable},
};
use crate::support::EmailKind;

const DAY: i64 = 24 * 3600;

impl World {
    pub(super) fn add_email(&mut self, tag: Tag, bearer: Bearer, address: Option<Name>) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.require_fresh(session)?;
        let (user, address, known) = self.about_address(session, address)?;
        let (count, most) = (self.accounts[&user].emails.len(), self.rules.emails_per_user);
        let email = match known {
            Some(email) if email.verified.is_some() => return Err(Refusal::Invalid(vec!["address"])),
            Some(email) => email.tag,
            None if count < most => tag,
            None => return Err(Refusal::Forbidden),
        };
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        if known.is_none() {
            let account = self.accounts.get_mut(&user).expect("the caller's account");
            account.emails.push(Email { tag, address, verified: None });
        }
        Ok(self.request_code(tag, Purpose::AddEmail { user, email, events: self.events }, address))
    }

    pub(super) fn resend_code(&mut self, tag: Tag, bearer: Bearer, address: Option<Name>) -> Outcome {
        let session = self.authenticate(bearer)?;
        let (user, address, known) = self.about_address(session, address)?;
        let email = known.ok_or(Refusal::NotFound)?;
        if email.verified.is_some() {
            return Err(Refusal::Invalid(vec!["address"]));
        }
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        Ok(self.request_code(tag, Purpose::AddEmail { user, email: email.tag, events: self.events }, address))
    }

    /// Returns the caller, the address to verify, and the caller's email with that address.
    fn about_address(&mut self, session: Tag, address: Option<Name>) -> Result<(Tag, Name, Option<Email>), Refusal> {
        let address = usable(address, "address")?;
        self.call(Failing::Query)?;
        self.source.count_request(self.now, &self.rules)?;
        let user = self.sessions[&session].user;
        Ok((user, address, self.accounts[&user].email_of(address)))
    }

    pub(super) fn list_emails(&mut self, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.call(Failing::Query)?;
        let account = &self.accounts[&self.sessions[&session].user];
        let mut emails = account.emails.clone();
        emails.sort_by_key(|email| email.tag != account.preferred);
        let listed = emails.into_iter().map(|email| ListedEmail {
            email: email.tag,
            address: email.address,
            verified: email.verified.is_some(),
            preferred: email.tag == account.preferred,
        });
        Ok(Success::Emails(listed.collect()))
    }

    pub(super) fn verify_email(&mut self, bearer: Bearer, code: Ref, guess: Guess) -> Outcome {
        let (tag, code, user) = self.redeem_as(bearer, code, guess, Scope::Email)?;
        let Purpose::AddEmail { email, events, .. } = code.purpose else { return Err(Refusal::CodeRefused) };
        self.call(Failing::Query)?;
        let account = &self.accounts[&user];
        if account.deleted_at.is_some() || account.recovery.is_some_and(|(event, _)| event > events) {
            return Err(Refusal::CodeRefused);
        }
        self.check_changes(user)?;
        self.call(Failing::TransactWriteItems)?;
        let is_taken = self.owner(code.address).is_some()
            || self.removal(code.address).is_some_and(|removed| removed.user != user);
        let event = self.next_event();
        let account = self.accounts.get_mut(&user).expect("an account stays");
        let own = account.emails.iter_mut().find(|own| own.tag == email && own.verified.is_none());
        let Some(email) = own.filter(|_| !is_taken) else { return Err(Refusal::CodeRefused) };
        // It is stored in the spelling that was verified.
        email.verified = Some(Verified { at: self.now, event, recovered: false });
        email.address = code.address;
        account.changes.push(self.now);
        self.removed.remove(&code.address.which);
        self.codes.remove(&tag);
        self.notify_preferred(user, EmailKind::AddressVerified);
        Ok(Success::Acknowledged)
    }

    pub(super) fn prefer_email(&mut self, bearer: Bearer, email: Ref) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.require_fresh(session)?;
        let email = email.read("emailID")?;
        let (user, email) = self.own_email(session, email)?;
        if email.verified.is_none() {
            return Err(Refusal::Forbidden);
        }
        if email.tag == self.accounts[&user].preferred {
            return Ok(Success::Acknowledged);
        }
        self.check_changes(user)?;
        self.call(Failing::TransactWriteItems)?;
        self.notify_preferred(user, EmailKind::NoLongerPreferred);
        let account = self.accounts.get_mut(&user).expect("the caller's account");
        account.preferred = email.tag;
        account.changes.push(self.now);
        self.notify_preferred(user, EmailKind::AddressPreferred);
        Ok(Success::Acknowledged)
    }

    pub(super) fn delete_email(&mut self, bearer: Bearer, email: Ref) -> Outcome {
        let session = self.authenticate(bearer)?;
        let email = email.read("id")?;
        let (user, email) = self.own_email(session, email)?;
        if email.tag == self.accounts[&user].preferred {
            return Err(Refusal::Forbidden);
        }
        if email.verified.is_some() {
            self.require_fresh(session)?;
        }
        self.check_changes(user)?;
        self.call(Failing::TransactWriteItems)?;
        let event = self.next_event();
        let account = self.accounts.get_mut(&user).expect("the caller's account");
        account.emails.retain(|own| own.tag != email.tag);
        account.changes.push(self.now);
        if let Some(verified) = email.verified {
            let is_older = |other: &Email| other.verified.is_some_and(|other| other.event < verified.event);
            let is_final = verified.recovered && account.emails.iter().any(is_older);
            let ends = if is_final { self.now } else { self.now + self.rules.recovery };
            let (address, at) = (email.address, self.now);
            let (with_account, verified) = (false, verified.event);
            let removed = Removed { user, email: email.tag, address, with_account, at, ends, event, verified };
            self.removed.insert(address.which, removed);
            self.mail(EmailKind::AddressRemoved, address);
        }
        self.notify_preferred(user, EmailKind::AddressRemoved);
        Ok(Success::Acknowledged)
    }

    /// Refuses the request if no code was verified in the session recently.
    pub(super) fn require_fresh(&self, session: Tag) -> Result<(), Refusal> {
        let is_fresh = self.now < self.sessions[&session].authenticated_at + self.rules.fresh_session;
        if is_fresh { Ok(()) } else { Err(Refusal::StepUpRequired) }
    }

    /// Refuses the request if the account was changed too often in the last day.
    pub(super) fn check_changes(&self, user: Tag) -> Result<(), Refusal> {
        let today: Vec<_> = self.accounts[&user].changes.iter().filter(|time| **time + DAY > self.now).collect();
        match today.len().checked_sub(self.rules.account_changes_per_day) {
            Some(first) => Err(Refusal::TooManyRequests(today[first] + DAY - self.now)),
            None => Ok(()),
        }
    }

    /// Returns the caller, and one of the caller's addresses.
    fn own_email(&self, session: Tag, email: Option<Tag>) -> Result<(Tag, Email), Refusal> {
        self.call(Failing::Query)?;
        let user = self.sessions[&session].user;
        let email = email.and_then(|email| self.accounts[&user].email(email));
        Ok((user, email.ok_or(Refusal::NotFound)?))
    }
}
