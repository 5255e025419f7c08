//! The reference model: the state of the product as plain data, and the effect of every request on
//! it.

use std::{collections::BTreeMap, fmt};

use super::{
    answers::{Expected, Refusal, Success},
    key_pairs::KeyPair,
    mailbox::{Mailbox, Source},
    requests::{Bearer, Failing, Guess, NAMES, Name, Ref, Request, Step, Tag},
};
use crate::support::EmailKind;

/// The start of every sequence: 15 January 2027 at eight, when an hour of the source's rate limit
/// begins.
pub(super) const START: i64 = 1_800_000_000;

/// Two accounts, one of them with two addresses, so that users can interact.
pub(super) const PROLOGUE: [Step; 6] = {
    const fn name(which: usize) -> Name {
        Name { which, upper_case: false }
    }
    const fn verified(tag: Tag) -> Step {
        Step::Ask(Request::VerifySession { code: Ref::Of(tag), guess: Guess::Right })
    }
    let verify_email = Request::VerifyEmail { bearer: Bearer::None, code: Ref::Of(3), guess: Guess::Right };
    [
        Step::Ask(Request::SignUp { tag: 1, address: Some(name(0)), alias: Some(name(0)) }),
        verified(1),
        Step::Ask(Request::SignUp { tag: 2, address: Some(name(1)), alias: Some(name(1)) }),
        verified(2),
        Step::Ask(Request::AddEmail { tag: 3, bearer: Bearer::Of(1), address: Some(name(2)) }),
        Step::Ask(verify_email),
    ]
};

/// The limits of a deployment (README, Settings).
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) mail_burst: i64,
    pub(super) mail_interval: i64,
    pub(super) mails_per_day: usize,
    /// 0 means no limit.
    pub(super) mails_per_source_per_hour: usize,
    pub(super) code_lifetime: i64,
    pub(super) guesses_per_code: usize,
    pub(super) guesses_before_long_codes: usize,
    pub(super) session_lifetime: i64,
    pub(super) session_maximum: i64,
    pub(super) fresh_session: i64,
    pub(super) recovery: i64,
    pub(super) account_changes_per_day: usize,
    pub(super) emails_per_user: usize,
    pub(super) sessions_per_user: usize,
    pub(super) key_pairs_per_user: usize,
}

/// The state of the model.
#[derive(Clone)]
pub(super) struct World {
    pub(super) rules: Rules,
    /// The number of steps of [`PROLOGUE`] that came first.
    pub(super) begun_with: usize,
    pub(super) now: i64,
    /// The first tag that no step has used.
    pub(super) next_tag: Tag,
    pub(super) accounts: BTreeMap<Tag, Account>,
    /// The verified addresses that were removed, by their index, including those that are free
    /// again.
    pub(super) removed: BTreeMap<usize, Removed>,
    /// Counts verifications, removals and recoveries: the order of what happens in one second.
    pub(super) events: usize,
    /// The unused codes, including expired ones.
    pub(super) codes: BTreeMap<Tag, Code>,
    /// The sessions that were activated and not closed, including expired ones.
    pub(super) sessions: BTreeMap<Tag, Session>,
    /// The key pairs that were not deleted, including expired ones.
    pub(super) key_pairs: BTreeMap<Tag, KeyPair>,
    pub(super) aliases: BTreeMap<usize, AliasState>,
    pub(super) mailboxes: [Mailbox; NAMES.len()],
    pub(super) source: Source,
    /// The expected result of the last step; `None` if it was no request.
    pub(super) expected: Option<Expected>,
    pub(super) failing: Option<Failing>,
    pub(super) sent: Vec<(EmailKind, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) alias: Name,
    pub(super) created_at: i64,
    /// When the user deleted the account.
    pub(super) deleted_at: Option<i64>,
    /// The oldest first.
    pub(super) emails: Vec<Email>,
    pub(super) preferred: Tag,
    /// When changes were made that sent notices.
    pub(super) changes: Vec<i64>,
    /// The event of the last recovery, and that of the verification of its address.
    pub(super) recovery: Option<(usize, usize)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Email {
    pub(super) tag: Tag,
    pub(super) address: Name,
    pub(super) verified: Option<Verified>,
}

/// The verification of an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified {
    pub(super) at: i64,
    /// The number of the event.
    pub(super) event: usize,
    /// Whether a recovery restored the address.
    pub(super) recovered: bool,
}

/// A verified address that its user removed, or that belongs to an account that was deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removed {
    pub(super) user: Tag,
    pub(super) email: Tag,
    pub(super) address: Name,
    /// Whether the account was deleted, and not this address removed.
    pub(super) with_account: bool,
    pub(super) at: i64,
    pub(super) ends: i64,
    /// The number of the event.
    pub(super) event: usize,
    /// The event of its verification.
    pub(super) verified: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) user: Tag,
    /// The number of sessions that were activated before it.
    pub(super) order: usize,
    pub(super) created_at: i64,
    /// When a code was last verified in it.
    pub(super) authenticated_at: i64,
    pub(super) ends: i64,
    /// The end that no extension can exceed.
    pub(super) not_after: i64,
}

/// The state of an alias that is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AliasState {
    Owned,
    /// Reserved for sign-ups with this address, until `ends`.
    Reserved {
        address: usize,
        ends: i64,
    },
    /// Its account was deleted; reserved until `ends`.
    Deleted {
        ends: i64,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) purpose: Purpose,
    pub(super) address: Name,
    pub(super) created_at: i64,
    pub(super) ends: i64,
    pub(super) tries: usize,
    /// Further tries that may have been counted or not.
    pub(super) uncertain_tries: usize,
    /// Whether the email contains the code, and is not one that replaces it.
    pub(super) mailed: bool,
    /// The email that was sent first, and its recipient. A redelivery sends the same one.
    pub(super) reply: (EmailKind, Name),
    pub(super) digits: usize,
    /// The user that a sign-in code was sent to.
    pub(super) owner: Option<Tag>,
    /// Whether that user had removed the address.
    pub(super) recovers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    SignUp {
        alias: Name,
    },
    SignIn,
    AddEmail {
        user: Tag,
        email: Tag,
        /// The number of events when the code was requested.
        events: usize,
    },
    Reauthenticate {
        user: Tag,
        session: Tag,
    },
    /// The key pair has the tag of the code.
    KeyPair {
        user: Tag,
    },
}

/// What an endpoint accepts codes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Session,
    Email,
    KeyPair,
}

pub(super) type Outcome = Result<Success, Refusal>;

impl World {
    /// Returns a world without users.
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            begun_with: 0,
            now: START,
            next_tag: 1,
            accounts: BTreeMap::new(),
            removed: BTreeMap::new(),
            events: 0,
            codes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            key_pairs: BTreeMap::new(),
            aliases: BTreeMap::new(),
            mailboxes: Default::default(),
            source: Source::default(),
            expected: None,
            failing: None,
            sent: Vec::new(),
        }
    }

    /// Returns the world after a number of steps of [`PROLOGUE`].
    pub(super) fn begun(rules: Rules, steps: usize) -> Self {
        let begun = PROLOGUE[..steps].iter().fold(Self::new(rules), Self::after);
        Self { begun_with: steps, ..begun }
    }

    /// Returns the world after a step.
    pub(super) fn after(mut self, step: &Step) -> Self {
        (self.expected, self.failing) = (None, None);
        match *step {
            Step::Pass(seconds) => self.now += seconds,
            Step::Sweep => {}
            Step::Redeliver(code) => self.redeliver(code),
            Step::Ask(request) => self.answer(request),
            Step::AskWhile(failing, request) => {
                self.failing = Some(failing);
                self.answer(request);
            }
        }
        self
    }

    fn answer(&mut self, request: Request) {
        self.next_tag = self.next_tag.max(request.tag().map_or(0, |tag| tag + 1));
        let answer = match request {
            Request::SignUp { tag, address, alias } => self.sign_up(tag, address, alias),
            Request::GetUser { user } => self.get_user(user),
            Request::GetAccount { bearer } => self.get_account(bearer),
            Request::UpdateUser { bearer, alias } => self.update_user(bearer, alias),
            Request::DeleteUser { bearer } => self.delete_user(bearer),
            Request::SignIn { tag, address } => self.sign_in(tag, address),
            Request::VerifySession { code, guess } => self.verify_session(code, guess),
            Request::CheckSession { bearer } => self.check_session(bearer),
            Request::ExtendSession { bearer } => self.extend_session(bearer),
            Request::CloseSession { bearer, session } => self.close_session(bearer, session),
            Request::ListSessions { bearer } => self.list_sessions(bearer),
            Request::CloseSessions { bearer, keep } => self.close_sessions(bearer, keep),
            Request::Reauthenticate { tag, bearer } => self.reauthenticate(tag, bearer),
            Request::AddEmail { tag, bearer, address } => self.add_email(tag, bearer, address),
            Request::ListEmails { bearer } => self.list_emails(bearer),
            Request::VerifyEmail { bearer, code, guess } => self.verify_email(bearer, code, guess),
            Request::ResendCode { tag, bearer, address } => self.resend_code(tag, bearer, address),
            Request::PreferEmail { bearer, email } => self.prefer_email(bearer, email),
            Request::DeleteEmail { bearer, email } => self.delete_email(bearer, email),
            Request::CreateKeyPair { tag, bearer, is_valid } => self.create_key_pair(tag, bearer, is_valid),
            Request::VerifyKeyPair { bearer, code, guess } => self.verify_key_pair(bearer, code, guess),
            Request::CheckKeyPair { key_pair } => self.check_key_pair(key_pair),
            Request::ListKeyPairs { bearer } => self.list_key_pairs(bearer),
            Request::DeleteKeyPair { bearer, key_pair } => self.delete_key_pair(bearer, key_pair),
        };
        self.expect(answer, request.tag());
    }

    /// Sets the expected result of a step, with the emails that it sends.
    pub(super) fn expect(&mut self, answer: Outcome, code: Option<Tag>) {
        let sent = std::mem::take(&mut self.sent);
        let coded = sent.iter().any(|(kind, _)| *kind == EmailKind::Code);
        let code = code.and_then(|tag| self.codes.get(&tag)).filter(|_| coded);
        self.expected = Some(Expected { answer, sent, digits: code.map(|code| code.digits) });
    }

    /// Calls DynamoDB, which may fail (docs/data-model.md, Access patterns).
    pub(super) fn call(&self, operation: Failing) -> Result<(), Refusal> {
        if self.failing == Some(operation) { Err(Refusal::Unavailable) } else { Ok(()) }
    }

    pub(super) fn mail(&mut self, kind: EmailKind, to: Name) {
        self.sent.push((kind, to.address()));
    }

    /// Sends a notice to the preferred address of an account.
    pub(super) fn notify_preferred(&mut self, user: Tag, kind: EmailKind) {
        let preferred = self.accounts[&user].preferred();
        self.mail(kind, preferred.address);
    }

    /// Returns the owner of an address, and the owner's spelling of it.
    pub(super) fn owner(&self, address: Name) -> Option<(Tag, Name)> {
        self.accounts.iter().filter(|(_, account)| account.deleted_at.is_none()).find_map(|(user, account)| {
            let is_owned = |email: &&Email| email.verified.is_some() && email.address.which == address.which;
            account.emails.iter().find(is_owned).map(|email| (*user, email.address))
        })
    }

    /// Returns the removal of an address whose user can still recover it.
    pub(super) fn removal(&self, address: Name) -> Option<Removed> {
        self.removed.get(&address.which).copied().filter(|removed| self.now < removed.ends)
    }

    /// Returns the number of a new event.
    pub(super) fn next_event(&mut self) -> usize {
        self.events += 1;
        self.events
    }

    pub(super) fn is_active(&self, session: Tag) -> bool {
        self.sessions.get(&session).is_some_and(|session| self.now < session.ends)
    }

    /// Returns whether a bearer token belongs to an active session.
    pub(super) fn authenticates(&self, bearer: Bearer) -> bool {
        matches!(bearer, Bearer::Of(session) if self.is_active(session))
    }

    /// Returns the active sessions of a user, oldest first.
    pub(super) fn active_sessions(&self, user: Tag) -> Vec<Tag> {
        let own = self.sessions.iter().filter(|(tag, session)| session.user == user && self.is_active(**tag));
        let mut own: Vec<_> = own.map(|(tag, session)| (session.order, *tag)).collect();
        own.sort_unstable();
        own.into_iter().map(|(_, tag)| tag).collect()
    }

    /// Returns the active session of a bearer token.
    pub(super) fn authenticate(&self, bearer: Bearer) -> Result<Tag, Refusal> {
        let session = match bearer {
            Bearer::Malformed | Bearer::None => return Err(Refusal::Unauthenticated),
            Bearer::Unknown => None,
            Bearer::Of(tag) => Some(tag),
        };
        self.call(Failing::GetItem)?;
        session.filter(|session| self.is_active(*session)).ok_or(Refusal::Unauthenticated)
    }
}

/// Prints only what a counterexample needs.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {:?}", &PROLOGUE[..self.begun_with])
    }
}

impl Account {
    pub(super) fn preferred(&self) -> Email {
        *self.emails.iter().find(|email| email.tag == self.preferred).expect("a preferred address")
    }

    pub(super) fn email(&self, tag: Tag) -> Option<Email> {
        self.emails.iter().find(|email| email.tag == tag).copied()
    }

    pub(super) fn email_of(&self, address: Name) -> Option<Email> {
        self.emails.iter().find(|email| email.address.which == address.which).copied()
    }
}

impl Purpose {
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::SignUp { .. } | Self::SignIn | Self::Reauthenticate { .. } => Scope::Session,
            Self::AddEmail { .. } => Scope::Email,
            Self::KeyPair { .. } => Scope::KeyPair,
        }
    }
}

/// Returns a required value of the body.
pub(super) fn usable<T>(value: Option<T>, field: &'static str) -> Result<T, Refusal> {
    value.ok_or(Refusal::Invalid(vec![field]))
}
