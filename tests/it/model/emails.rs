//! The model's rules for the addresses of an account.

use super::{
    answers::{ListedEmail, Refusal, Success},
    codes::submitted_code,
    requests::{Bearer, Failing, Guess, Name, Ref, Tag},
    world::{Email, Outcome, Purpose, World, usable},
};
use crate::support::EmailKind;

impl World {
    pub(super) fn add_email(&mut self, tag: Tag, bearer: Bearer, address: Option<Name>) -> Outcome {
        let (user, address, known) = self.about_address(bearer, address)?;
        let (count, most) = (self.accounts[&user].emails.len(), self.rules.emails_per_user);
        let email = match known {
            Some(email) if email.verified => return Err(Refusal::Invalid(vec!["address"])),
            Some(email) => email.tag,
            None if count < most => tag,
            None => return Err(Refusal::Forbidden),
        };
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        if known.is_none() {
            let account = self.accounts.get_mut(&user).expect("the caller's account");
            account.emails.push(Email { tag, address, verified: false });
        }
        Ok(self.request_code(tag, Purpose::AddEmail { user, email }, address))
    }

    pub(super) fn resend_code(&mut self, tag: Tag, bearer: Bearer, address: Option<Name>) -> Outcome {
        let (user, address, known) = self.about_address(bearer, address)?;
        let email = known.ok_or(Refusal::NotFound)?;
        if email.verified {
            return Err(Refusal::Invalid(vec!["address"]));
        }
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        Ok(self.request_code(tag, Purpose::AddEmail { user, email: email.tag }, address))
    }

    /// Returns the caller, the address to verify, and the caller's email with that address.
    fn about_address(&mut self, bearer: Bearer, address: Option<Name>) -> Result<(Tag, Name, Option<Email>), Refusal> {
        let session = self.authenticate(bearer)?;
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
            verified: email.verified,
            preferred: email.tag == account.preferred,
        });
        Ok(Success::Emails(listed.collect()))
    }

    pub(super) fn verify_email(&mut self, bearer: Bearer, code: Ref, guess: Guess) -> Outcome {
        if bearer == Bearer::Malformed {
            return Err(Refusal::Unauthenticated);
        }
        let tag = submitted_code(code, guess)?;
        let caller = match bearer {
            Bearer::None => None,
            _ => Some(self.authenticate(bearer)),
        };
        if let Some(Err(Refusal::Unauthenticated)) = caller {
            let code = tag.filter(|tag| self.guessable(*tag, false).is_some());
            let Some(code) = code.and_then(|code| self.codes.get_mut(&code)) else {
                return Err(Refusal::UnauthenticatedOrCodeRefused);
            };
            code.uncertain_tries += 1;
            return Err(Refusal::Unauthenticated);
        }
        let caller = caller.transpose()?.map(|session| self.sessions[&session].user);
        let code = self.redeem(tag, guess, false)?;
        let (tag, Purpose::AddEmail { user, email }) = (tag.expect("a code that was right"), code.purpose) else {
            return Err(Refusal::CodeRefused);
        };
        if caller.is_some_and(|caller| caller != user) {
            return Err(Refusal::CodeRefused);
        }
        self.call(Failing::Query)?;
        self.call(Failing::TransactWriteItems)?;
        let is_taken = self.owner(code.address).is_some();
        let emails = &mut self.accounts.get_mut(&user).expect("an account stays").emails;
        let Some(email) = emails.iter_mut().find(|own| own.tag == email && !own.verified).filter(|_| !is_taken) else {
            return Err(Refusal::CodeRefused);
        };
        // It is stored in the spelling that was verified.
        (email.verified, email.address) = (true, code.address);
        self.codes.remove(&tag);
        self.notify_preferred(user, EmailKind::AddressVerified);
        Ok(Success::Acknowledged)
    }

    pub(super) fn prefer_email(&mut self, bearer: Bearer, email: Ref) -> Outcome {
        let session = self.authenticate(bearer)?;
        let email = email.read("emailID")?;
        let (user, email) = self.own_email(session, email)?;
        if !email.verified {
            return Err(Refusal::Forbidden);
        }
        if email.tag == self.accounts[&user].preferred {
            return Ok(Success::Acknowledged);
        }
        self.call(Failing::TransactWriteItems)?;
        self.notify_preferred(user, EmailKind::NoLongerPreferred);
        self.accounts.get_mut(&user).expect("the caller's account").preferred = email.tag;
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
        self.call(Failing::TransactWriteItems)?;
        self.accounts.get_mut(&user).expect("the caller's account").emails.retain(|own| own.tag != email.tag);
        self.notify_preferred(user, EmailKind::AddressRemoved);
        Ok(Success::Acknowledged)
    }

    /// Returns the caller, and one of the caller's addresses.
    fn own_email(&self, session: Tag, email: Option<Tag>) -> Result<(Tag, Email), Refusal> {
        self.call(Failing::Query)?;
        let user = self.sessions[&session].user;
        let email = email.and_then(|email| self.accounts[&user].email(email));
        Ok((user, email.ok_or(Refusal::NotFound)?))
    }
}
