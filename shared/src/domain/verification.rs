//! Verifications: a requested code, what it verifies, and what is pending until then.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        alias::Alias,
        bearer_token::TokenHash,
        code::{Code, CodeInput, CodeKeys, Digits, KeyId, SubmittedCode},
        email_address::EmailAddress,
        full_name::FullName,
        id::{EmailId, KeyPairId, UserId, VerificationId},
        key_pair::KeyName,
        language::Language,
        limits::Limits,
        request_context::{ClientInfo, RequestContext},
        session::PendingSession,
        timestamp::Timestamp,
    },
    runtime::entropy,
};

/// A requested code and everything that depends on it. Nothing else is stored of a request until
/// the code is redeemed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// `verificationCodeID`
    #[serde(rename = "verificationCodeID")]
    pub id: VerificationId,
    /// What the code verifies, and what happens then.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// The address as it was typed in the request.
    pub address: EmailAddress,
    /// The client that requested the code.
    #[serde(flatten)]
    pub client: ClientInfo,
    /// The language of the email.
    #[serde(default)]
    pub language: Language,
    /// When the code was requested.
    pub created_at: Timestamp,
    /// When the code expires.
    pub expires_at: Timestamp,
    digits: Digits,
    /// Guesses that were compared with the code.
    tries: u32,
    nonce: String,
    /// Set when the email is first leased, and never changed: a redelivery sends the same email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
}

/// The purpose of a code. A code works for nothing else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "camelCase")]
pub enum Purpose {
    /// Creates an account with its first address and session.
    #[serde(rename_all = "camelCase")]
    SignUp {
        /// Reserved for the life of the code.
        alias: Alias,
        /// The full name as it was typed.
        full_name: FullName,
        /// The session that begins with the account.
        #[serde(flatten)]
        session: PendingSession,
    },
    /// Opens a session of the account that owns the address.
    SignIn {
        /// The session that begins.
        #[serde(flatten)]
        session: PendingSession,
    },
    /// Verifies an address of an account.
    #[serde(rename_all = "camelCase")]
    AddEmail {
        /// The account.
        #[serde(rename = "userID")]
        user: UserId,
        /// The entry among its addresses.
        #[serde(rename = "emailID")]
        email: EmailId,
        /// The version of the account when the code was requested. A recovery voids older codes.
        account_version: u64,
    },
    /// Activates a key pair.
    #[serde(rename_all = "camelCase")]
    KeyPair {
        /// The account.
        #[serde(rename = "userID")]
        user: UserId,
        /// The entry among its key pairs.
        #[serde(rename = "keyID")]
        key_pair: KeyPairId,
        /// Its name, for the email.
        key_name: KeyName,
    },
    /// Makes a session fresh: its user has shown again that they read the preferred address.
    #[serde(rename_all = "camelCase")]
    Reauthenticate {
        /// The account.
        #[serde(rename = "userID")]
        user: UserId,
        /// The hash of the session's bearer token.
        token_hash: TokenHash,
    },
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
    Code {
        /// The key that the code is derived with.
        #[serde(rename = "keyID")]
        key: KeyId,
        /// For a sign-in, the account that the code opens or recovers: the owner of the address
        /// when the email was first leased.
        #[serde(rename = "ownerID", skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
        /// For a sign-in, what the code does besides opening a session.
        #[serde(default)]
        effect: SignInEffect,
    },
    /// A sign-up for an address that belongs to an account.
    AlreadyRegistered,
    /// A sign-in for an address that belongs to no account.
    NoAccount,
    /// The addition of an address that belongs to an account.
    BelongsToAnother,
}

/// What the code of a sign-in does besides opening a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignInEffect {
    /// Nothing.
    #[default]
    None,
    /// Recovers the account: the owner had removed the address.
    Recovers,
    /// Restores the account: the owner had deleted it.
    Restores,
}

/// What the caller expects the code to verify. A code issued for another purpose is rejected like a
/// wrong one.
#[derive(Clone, Copy, Debug)]
pub enum CodeScope {
    /// A sign-up, a sign-in or a reauthentication.
    Session,
    /// An address.
    Email,
    /// A key pair.
    KeyPair,
}

impl CodeScope {
    /// Returns the matching `purpose` values, padded to three for a condition of fixed length.
    pub(crate) fn purposes(self) -> [&'static str; 3] {
        match self {
            Self::Session => [Purpose::SIGN_UP, Purpose::SIGN_IN, Purpose::REAUTHENTICATE],
            Self::Email => [Purpose::ADD_EMAIL; 3],
            Self::KeyPair => [Purpose::KEY_PAIR; 3],
        }
    }
}

impl Purpose {
    /// Returns the user whose account a code changes, if the request for it named one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::AddEmail { user, .. } | Self::KeyPair { user, .. } | Self::Reauthenticate { user, .. } => Some(*user),
            Self::SignUp { .. } | Self::SignIn { .. } => None,
        }
    }

    const SIGN_UP: &'static str = "signUp";
    const SIGN_IN: &'static str = "signIn";
    const ADD_EMAIL: &'static str = "addEmail";
    const KEY_PAIR: &'static str = "keyPair";
    const REAUTHENTICATE: &'static str = "reauthenticate";

    fn name(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => Self::SIGN_UP,
            Self::SignIn { .. } => Self::SIGN_IN,
            Self::AddEmail { .. } => Self::ADD_EMAIL,
            Self::KeyPair { .. } => Self::KEY_PAIR,
            Self::Reauthenticate { .. } => Self::REAUTHENTICATE,
        }
    }
}

impl Verification {
    /// Creates a verification of `address` for a code of so many digits.
    #[must_use]
    pub fn new(
        purpose: Purpose,
        address: &EmailAddress,
        context: &RequestContext,
        limits: &Limits,
        digits: Digits,
    ) -> Self {
        Self {
            id: VerificationId::generate(),
            purpose,
            address: address.clone(),
            client: context.client.clone(),
            language: context.language,
            created_at: context.now,
            expires_at: context.now.plus(limits.code_lifetime),
            digits,
            tries: 0,
            nonce: hex::encode(entropy::bytes::<16>()),
            reply: None,
        }
    }

    /// Returns the account that a sign-in opens, or `None` if no code was sent for it.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        match self.reply.as_ref()?.content {
            ReplyContent::Code { owner, .. } => owner,
            _ => None,
        }
    }

    /// Returns the context of what the code does when it is redeemed: the client is the one that
    /// requested it.
    #[must_use]
    pub fn redeemed_at(&self, now: Timestamp) -> RequestContext {
        RequestContext { now, client: self.client.clone(), language: self.language }
    }

    /// Returns whether the code was sent to recover or restore an account: its address had been
    /// removed, or the account deleted.
    #[must_use]
    pub fn recovers(&self) -> bool {
        let content = self.reply.as_ref().map(|reply| &reply.content);
        matches!(content, Some(ReplyContent::Code { effect, .. }) if *effect != SignInEffect::None)
    }

    /// Derives the code. Returns `None` if no code was sent, or if its key is no longer configured.
    #[must_use]
    pub fn code(&self, keys: &CodeKeys) -> Option<Code> {
        let ReplyContent::Code { key, .. } = &self.reply.as_ref()?.content else { return None };
        let input = CodeInput {
            purpose: self.purpose.name(),
            id: self.id.as_bytes(),
            address: self.address.canonical(),
            nonce: &self.nonce,
            digits: self.digits,
        };
        keys.derive(key, &input)
    }

    /// Returns whether `submitted` is the code that was sent. The try must have been counted
    /// before.
    #[must_use]
    pub fn accepts(&self, submitted: &SubmittedCode, keys: &CodeKeys) -> bool {
        self.code(keys).is_some_and(|code| submitted.matches(&code))
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification").field("id", &self.id).finish_non_exhaustive()
    }
}
