//! Verifications: a code that was asked for, what it is to prove, and what is pending until it does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Alias, Call, Caller, EmailAddress, FullName, Language, Timestamp,
    bearer::{Bearer, TokenHash},
    code::{Code, CodeKeys, Digits, Ingredients, KeyId},
    config::Limits,
    entropy,
    id::{EmailId, SessionId, UserId, VerificationId},
};

/// A mailed code and everything that hangs on it. Until it is proved, nothing else of it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// `verificationCodeID`
    #[serde(rename = "verificationCodeID")]
    pub id: VerificationId,
    /// What it proves, and what comes of it.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// As whoever asked typed it.
    pub address: EmailAddress,
    /// Who asked.
    #[serde(flatten)]
    pub caller: Caller,
    /// What its mail is written in.
    #[serde(default)]
    pub language: Language,
    /// When.
    pub created_at: Timestamp,
    /// From this moment on, the code is refused.
    pub expires_at: Timestamp,
    /// How many digits the code has.
    digits: Digits,
    /// Guesses that were let through to be looked at.
    tries: u32,
    seed: String,
    /// Set when the email is first leased, and never changed: a redelivery sends the same email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
}

/// The email that a request for a code is replied to with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The recipient.
    pub to: EmailAddress,
    /// The content of the email.
    #[serde(flatten)]
    pub content: ReplyContent,
}

/// The content of a [`Reply`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "camelCase")]
pub enum ReplyContent {
    /// The code.
    #[serde(rename_all = "camelCase")]
    Code {
        /// The key that the code is derived with.
        #[serde(rename = "keyID")]
        key: KeyId,
        /// For a sign-in, the account that the code opens: the owner of the address when the email was first leased.
        #[serde(rename = "ownerID", skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
    },
    /// A sign-up for an address that belongs to an account.
    AlreadyRegistered,
    /// A sign-in for an address that belongs to no account.
    NoAccount,
    /// The addition of an address that belongs to an account.
    BelongsToAnother,
}

/// What a code is for. It works for nothing else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "camelCase")]
pub enum Purpose {
    /// A new account, with its first address and session.
    #[serde(rename_all = "camelCase")]
    SignUp {
        /// Reserved while the code lives.
        alias: Alias,
        /// As typed.
        full_name: FullName,
        /// What its bearer will open.
        #[serde(flatten)]
        session: PendingSession,
    },
    /// A session of whoever has the address.
    SignIn {
        /// What its bearer will open.
        #[serde(flatten)]
        session: PendingSession,
    },
    /// An address for an account.
    AddEmail {
        /// Whose account.
        #[serde(rename = "userID")]
        user: UserId,
        /// Which of its addresses.
        #[serde(rename = "emailID")]
        email: EmailId,
    },
}

/// What whoever types a code wants of it. A code that is for something else is as good as wrong.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// A session, by sign-up or sign-in.
    Session,
    /// An address.
    Email,
}

impl Wanted {
    /// The purposes that give it, as the table names them; a single one twice.
    pub(crate) fn purposes(self) -> [&'static str; 2] {
        match self {
            Self::Session => [Purpose::SIGN_UP, Purpose::SIGN_IN],
            Self::Email => [Purpose::ADD_EMAIL; 2],
        }
    }
}

impl Purpose {
    const SIGN_UP: &'static str = "signUp";
    const SIGN_IN: &'static str = "signIn";
    const ADD_EMAIL: &'static str = "addEmail";

    fn name(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => Self::SIGN_UP,
            Self::SignIn { .. } => Self::SIGN_IN,
            Self::AddEmail { .. } => Self::ADD_EMAIL,
        }
    }
}

/// A session that its code will open. The bearer is with the client alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingSession {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// Of its bearer.
    pub token_hash: TokenHash,
    /// When the session will end, if it begins.
    #[serde(rename = "sessionExpiresAt")]
    pub expires_at: Timestamp,
    /// When it will end however often it is extended.
    pub not_after: Timestamp,
}

impl PendingSession {
    /// Of a new bearer, from `now`.
    pub(crate) fn new(bearer: &Bearer, now: Timestamp, limits: &Limits) -> Self {
        let not_after = now.plus(limits.session_maximum);
        let expires_at = now.plus(limits.session_lifetime).min(not_after);
        Self { id: SessionId::generate(), token_hash: bearer.hash(), expires_at, not_after }
    }
}

/// The answer to whoever asked for a session: all that he needs, but the code.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestedSession {
    bearer: Bearer,
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    expire_at: Timestamp,
    #[serde(flatten)]
    caller: Caller,
    #[serde(rename = "verificationCodeID")]
    verification_id: VerificationId,
}

impl RequestedSession {
    pub(crate) fn new(
        bearer: Bearer,
        session: &PendingSession,
        caller: &Caller,
        verification_id: VerificationId,
    ) -> Self {
        let (session_id, expire_at) = (session.id, session.expires_at);
        Self { bearer, session_id, expire_at, caller: caller.clone(), verification_id }
    }
}

/// The answer to whoever asked for the code of an address.
#[derive(Debug, Serialize)]
pub struct RequestedCode {
    #[serde(rename = "verificationCodeID")]
    verification_id: VerificationId,
}

impl RequestedCode {
    /// Of a verification.
    #[must_use]
    pub fn new(verification_id: VerificationId) -> Self {
        Self { verification_id }
    }
}

impl Verification {
    /// Of `address`, asked for in that call.
    #[must_use]
    pub fn new(address: EmailAddress, purpose: Purpose, call: &Call, limits: &Limits) -> Self {
        Self {
            id: VerificationId::generate(),
            purpose,
            address,
            caller: call.caller.clone(),
            language: call.language,
            created_at: call.now,
            expires_at: call.now.plus(limits.code_lifetime),
            digits: Digits::SHORT,
            tries: 0,
            seed: seed(),
            reply: None,
        }
    }

    pub(crate) fn with_digits(&self, digits: Digits) -> Self {
        Self { digits, ..self.clone() }
    }

    /// The account that a sign-in opens. `None` if no code was sent for it.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        match self.reply.as_ref()?.content {
            ReplyContent::Code { owner, .. } => owner,
            _ => None,
        }
    }

    /// Derives the code. `None` if no code was sent, or if its key is no longer configured.
    #[must_use]
    pub fn code(&self, keys: &CodeKeys) -> Option<Code> {
        let ReplyContent::Code { key, .. } = &self.reply.as_ref()?.content else { return None };
        let ingredients = Ingredients {
            purpose: self.purpose.name(),
            id: self.id.as_bytes(),
            address: self.address.canonical(),
            seed: &self.seed,
            digits: self.digits,
        };
        keys.derive(key, &ingredients)
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification").field("id", &self.id).finish_non_exhaustive()
    }
}

/// 128 random bits, in hexadecimal.
fn seed() -> String {
    hex::encode(entropy::bytes::<16>())
}
