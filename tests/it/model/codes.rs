//! The model's rules for codes: requests, emails and guesses.

use super::{
    answers::{Refusal, Success},
    requests::{Bearer, Failing, Guess, Name, Ref, Tag},
    world::{AliasState, Code, Outcome, Purpose, Scope, World},
};
use crate::support::EmailKind;

impl World {
    pub(super) fn sign_up(&mut self, tag: Tag, address: Option<Name>, alias: Option<Name>) -> Outcome {
        let (Some(address), Some(alias)) = (address, alias) else {
            let wrong = [address.is_none().then_some("email"), alias.is_none().then_some("alias")];
            return Err(Refusal::Invalid(wrong.into_iter().flatten().collect()));
        };
        self.call(Failing::GetItem)?;
        self.source.count_request(self.now, &self.rules)?;
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        let is_free = match self.aliases.get(&alias.which) {
            None => true,
            Some(AliasState::Owned) => false,
            Some(AliasState::Reserved { address: by, ends }) => *ends <= self.now || *by == address.which,
            Some(AliasState::Deleted { ends }) => *ends <= self.now,
        };
        if !is_free {
            return Err(Refusal::Invalid(vec!["alias"]));
        }
        let reserved = AliasState::Reserved { address: address.which, ends: self.now + self.rules.code_lifetime };
        self.aliases.insert(alias.which, reserved);
        Ok(self.request_code(tag, Purpose::SignUp { alias }, address))
    }

    pub(super) fn sign_in(&mut self, tag: Tag, address: Option<Name>) -> Outcome {
        let address = address.ok_or(Refusal::Invalid(vec!["email"]))?;
        self.call(Failing::GetItem)?;
        self.source.count_request(self.now, &self.rules)?;
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        Ok(self.request_code(tag, Purpose::SignIn, address))
    }

    pub(super) fn reauthenticate(&mut self, tag: Tag, bearer: Bearer) -> Outcome {
        let session = self.authenticate(bearer)?;
        self.call(Failing::Query)?;
        let user = self.sessions[&session].user;
        let address = self.accounts[&user].preferred().address;
        self.source.count_request(self.now, &self.rules)?;
        self.mailboxes[address.which].check_rate_limit(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        Ok(self.request_code(tag, Purpose::Reauthenticate { user, session }, address))
    }

    /// Stores a code and sends its email, or the one that replaces it.
    pub(super) fn request_code(&mut self, tag: Tag, purpose: Purpose, address: Name) -> Success {
        self.mailboxes[address.which].sent(self.now, &self.rules);
        let removal = self.removal(address);
        let owner = self.owner(address).or(removal.map(|removed| (removed.user, removed.address)));
        let (kind, to) = match (purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (EmailKind::Code, address),
            (Purpose::KeyPair { .. } | Purpose::Reauthenticate { .. }, None) => unreachable!("a preferred address"),
            (Purpose::SignIn | Purpose::KeyPair { .. } | Purpose::Reauthenticate { .. }, Some((_, name))) => {
                (EmailKind::Code, name)
            }
            // A user can add an address again that they removed.
            (Purpose::AddEmail { user, .. }, Some((owner, _))) if removal.is_some() && owner == user => {
                (EmailKind::Code, address)
            }
            (Purpose::SignIn, None) => (EmailKind::NoAccount, address),
            (Purpose::SignUp { .. }, Some((_, name))) => (EmailKind::AlreadyRegistered, name),
            (Purpose::AddEmail { .. }, Some((_, name))) => (EmailKind::BelongsToAnother, name),
        };
        self.mail(kind, to);
        let code = Code {
            purpose,
            address,
            created_at: self.now,
            ends: self.now + self.rules.code_lifetime,
            tries: 0,
            uncertain_tries: 0,
            mailed: kind == EmailKind::Code,
            reply: (kind, to),
            digits: self.mailboxes[address.which].digits(self.now, &self.rules),
            owner: owner.map(|(user, _)| user),
            recovers: purpose == Purpose::SignIn && removal.is_some(),
        };
        self.codes.insert(tag, code);
        let session_ends = self.now + self.rules.session_lifetime.min(self.rules.session_maximum);
        let with_session = matches!(purpose, Purpose::SignUp { .. } | Purpose::SignIn);
        Success::Requested { session_ends: with_session.then_some(session_ends) }
    }

    /// Sends the email of a code again, unless the code was used or has expired, or its address was
    /// removed before a reauthentication or the verification of a key pair.
    pub(super) fn redeliver(&mut self, code: Tag) {
        let waiting = self.codes.get(&code).filter(|code| self.now < code.ends);
        if let Some(code) = waiting.copied() {
            let owner = self.owner(code.address).map(|(owner, _)| owner);
            let is_void = matches!(code.purpose,
                Purpose::KeyPair { user } | Purpose::Reauthenticate { user, .. } if owner != Some(user));
            if !is_void {
                self.mail(code.reply.0, code.reply.1);
            }
        }
        self.expect(Ok(Success::Acknowledged), Some(code));
    }

    /// Returns the code if a guess would be compared with it.
    pub(super) fn guessable(&self, code: Tag, scope: Scope) -> Option<&Code> {
        let code = self.codes.get(&code)?;
        let of_purpose = code.purpose.scope() == scope;
        (of_purpose && self.now < code.ends && code.tries < self.rules.guesses_per_code).then_some(code)
    }

    /// Returns whether a guess is the code in the email.
    pub(super) fn is_right(&self, code: Tag, guess: Guess) -> bool {
        let meant = match guess {
            Guess::Right | Guess::RightAsNumber => true,
            Guess::Of(other) => other == code,
            Guess::Wrong | Guess::Malformed => false,
        };
        meant && self.codes.get(&code).is_some_and(|code| code.mailed)
    }

    /// Counts a guess, and then checks it.
    pub(super) fn redeem(&mut self, code: Option<Tag>, guess: Guess, scope: Scope) -> Result<Code, Refusal> {
        self.call(Failing::UpdateItem)?;
        let tag = code.filter(|code| self.guessable(*code, scope).is_some()).ok_or(Refusal::CodeRefused)?;
        let is_right = self.is_right(tag, guess);
        let code = self.codes.get_mut(&tag).expect("guessable");
        code.tries += 1;
        if !is_right {
            self.mailboxes[code.address.which].guessed_wrong(self.now);
            return Err(Refusal::CodeRefused);
        }
        Ok(*code)
    }

    /// Redeems a code that a user submits with or without a bearer token. Returns its user, too.
    pub(super) fn redeem_as(
        &mut self,
        bearer: Bearer,
        code: Ref,
        guess: Guess,
        scope: Scope,
    ) -> Result<(Tag, Code, Tag), Refusal> {
        if bearer == Bearer::Malformed {
            return Err(Refusal::Unauthenticated);
        }
        let tag = submitted_code(code, guess)?;
        let caller = match bearer {
            Bearer::None => None,
            _ => Some(self.authenticate(bearer)),
        };
        if let Some(Err(Refusal::Unauthenticated)) = caller {
            let code = tag.filter(|tag| self.guessable(*tag, scope).is_some());
            let Some(code) = code.and_then(|code| self.codes.get_mut(&code)) else {
                return Err(Refusal::UnauthenticatedOrCodeRefused);
            };
            code.uncertain_tries += 1;
            return Err(Refusal::Unauthenticated);
        }
        let caller = caller.transpose()?.map(|session| self.sessions[&session].user);
        let code = self.redeem(tag, guess, scope)?;
        let (Purpose::AddEmail { user, .. } | Purpose::KeyPair { user }) = code.purpose else {
            return Err(Refusal::CodeRefused);
        };
        if caller.is_some_and(|caller| caller != user) {
            return Err(Refusal::CodeRefused);
        }
        Ok((tag.expect("a code that was right"), code, user))
    }

    /// Returns whether the result of a guess is certain. It is not if the number of earlier guesses
    /// is unknown.
    pub(super) fn is_certain(&self, code: Ref, scope: Scope) -> bool {
        let Ref::Of(code) = code else { return true };
        self.guessable(code, scope).is_none_or(|code| code.tries + code.uncertain_tries < self.rules.guesses_per_code)
    }

    /// As [`World::is_certain`]. With a bearer token, two calls are concurrent, and if one fails
    /// the other may be cut off.
    pub(super) fn is_verification_certain(&self, bearer: Bearer, code: Ref, guess: Guess, scope: Scope) -> bool {
        let looked_up = matches!(bearer, Bearer::Of(_) | Bearer::Unknown);
        let is_guess =
            matches!(code, Ref::Of(tag) if self.guessable(tag, scope).is_some() && !self.is_right(tag, guess));
        self.is_certain(code, scope) && (self.authenticates(bearer) || !looked_up || !is_guess)
    }
}

/// Validates the body of a request that submits a code.
pub(super) fn submitted_code(code: Ref, guess: Guess) -> Result<Option<Tag>, Refusal> {
    match (code.read("verificationCodeID"), guess) {
        (read, Guess::Malformed) => {
            let id = read.is_err().then_some("verificationCodeID");
            Err(Refusal::Invalid(id.into_iter().chain(["code"]).collect()))
        }
        (read, _) => read,
    }
}
