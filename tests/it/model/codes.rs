//! The model's rules of codes: asked for, mailed, guessed at.

use super::{
    answers::{Refusal, Told},
    requests::{Bearer, Failing, Guess, Ref, Tag, Typed},
    world::{Code, Hold, Outcome, Purpose, World},
};
use crate::support::Letter;

impl World {
    pub(super) fn sign_up(&mut self, tag: Tag, address: Option<Typed>, alias: Option<Typed>) -> Outcome {
        let (Some(address), Some(alias)) = (address, alias) else {
            let wrong = [address.is_none().then_some("email"), alias.is_none().then_some("alias")];
            return Err(Refusal::Invalid(wrong.into_iter().flatten().collect()));
        };
        self.call(Failing::GetItem)?;
        self.source.ask(self.now, &self.rules)?;
        self.mailboxes[address.which].afford(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        let is_free = match self.aliases.get(&alias.which) {
            None => true,
            Some(Hold::Owned) => false,
            Some(Hold::Reserved { address: by, ends }) => *ends <= self.now || *by == address.which,
        };
        if !is_free {
            return Err(Refusal::Invalid(vec!["alias"]));
        }
        let reserved = Hold::Reserved { address: address.which, ends: self.now + self.rules.code_lifetime };
        self.aliases.insert(alias.which, reserved);
        Ok(self.ask(tag, Purpose::SignUp { alias }, address))
    }

    pub(super) fn sign_in(&mut self, tag: Tag, address: Option<Typed>) -> Outcome {
        let address = address.ok_or(Refusal::Invalid(vec!["email"]))?;
        self.call(Failing::GetItem)?;
        self.source.ask(self.now, &self.rules)?;
        self.mailboxes[address.which].afford(self.now, &self.rules)?;
        self.call(Failing::TransactWriteItems)?;
        Ok(self.ask(tag, Purpose::SignIn, address))
    }

    /// Stores a code and mails it, or whatever else the owner of the address is to be told.
    pub(super) fn ask(&mut self, tag: Tag, purpose: Purpose, address: Typed) -> Told {
        self.mailboxes[address.which].sent(self.now, &self.rules);
        let owner = self.owner(address);
        let (letter, to) = match (purpose, owner) {
            (Purpose::SignUp { .. } | Purpose::AddEmail { .. }, None) => (Letter::Code, address),
            (Purpose::SignIn, Some((_, typed))) => (Letter::Code, typed),
            (Purpose::SignIn, None) => (Letter::NoAccount, address),
            (Purpose::SignUp { .. }, Some((_, typed))) => (Letter::AlreadyRegistered, typed),
            (Purpose::AddEmail { .. }, Some((_, typed))) => (Letter::BelongsToAnother, typed),
        };
        self.mail(letter, to);
        let code = Code {
            purpose,
            address,
            asked_at: self.now,
            ends: self.now + self.rules.code_lifetime,
            tries: 0,
            perhaps: 0,
            mailed: letter == Letter::Code,
            reply: (letter, to),
            digits: self.mailboxes[address.which].digits(self.now, &self.rules),
            owner: owner.map(|(user, _)| user),
        };
        self.codes.insert(tag, code);
        let session_ends = self.now + self.rules.session_lifetime.min(self.rules.session_maximum);
        let with_session = !purpose.is_for_address();
        Told::Requested { session_ends: with_session.then_some(session_ends) }
    }

    /// Sends the email of a code once more, unless the code was used or has expired.
    pub(super) fn redeliver(&mut self, code: Tag) {
        let waiting = self.codes.get(&code).filter(|code| self.now < code.ends);
        if let Some((letter, to)) = waiting.map(|code| code.reply) {
            self.mail(letter, to);
        }
        self.expect(Ok(Told::Acknowledged), Some(code));
    }

    /// A code that a guess at it would be compared with.
    pub(super) fn guessable(&self, code: Tag, for_session: bool) -> Option<&Code> {
        let code = self.codes.get(&code)?;
        let of_purpose = for_session != code.purpose.is_for_address();
        (of_purpose && self.now < code.ends && code.tries < self.rules.guesses_per_code).then_some(code)
    }

    /// Whether that guess is what a mail has.
    pub(super) fn is_right(&self, code: Tag, guess: Guess) -> bool {
        let meant = match guess {
            Guess::Right | Guess::RightAsNumber => true,
            Guess::Of(other) => other == code,
            Guess::Wrong | Guess::Malformed => false,
        };
        meant && self.codes.get(&code).is_some_and(|code| code.mailed)
    }

    /// Counts a guess, and then looks at it.
    pub(super) fn redeem(&mut self, code: Option<Tag>, guess: Guess, for_session: bool) -> Result<Code, Refusal> {
        self.call(Failing::UpdateItem)?;
        let tag = code.filter(|code| self.guessable(*code, for_session).is_some()).ok_or(Refusal::CodeRefused)?;
        let is_right = self.is_right(tag, guess);
        let code = self.codes.get_mut(&tag).expect("guessable");
        code.tries += 1;
        if !is_right {
            self.mailboxes[code.address.which].guessed_wrong(self.now);
            return Err(Refusal::CodeRefused);
        }
        Ok(*code)
    }

    /// Whether what comes of a guess is certain. It isn't where it is unknown how often somebody guessed before.
    pub(super) fn is_certain(&self, code: Ref, for_session: bool) -> bool {
        let Ref::Of(code) = code else { return true };
        self.guessable(code, for_session).is_none_or(|code| code.tries + code.perhaps < self.rules.guesses_per_code)
    }

    /// As [`World::is_certain`]. With a bearer, two things are done at the same time, and if one fails the other may be cut off.
    pub(super) fn is_verification_certain(&self, bearer: Bearer, code: Ref, guess: Guess) -> bool {
        let looked_up = matches!(bearer, Bearer::Of(_) | Bearer::Unknown);
        let is_guess =
            matches!(code, Ref::Of(tag) if self.guessable(tag, false).is_some() && !self.is_right(tag, guess));
        self.is_certain(code, false) && (self.is_good(bearer) || !looked_up || !is_guess)
    }
}

/// A form with a code.
pub(super) fn proof(code: Ref, guess: Guess) -> Result<Option<Tag>, Refusal> {
    match (code.read("verificationCodeID"), guess) {
        (read, Guess::Malformed) => {
            let id = read.is_err().then_some("verificationCodeID");
            Err(Refusal::Invalid(id.into_iter().chain(["code"]).collect()))
        }
        (read, _) => read,
    }
}
