//! Accounts: a user with their addresses and sessions, and the rules of changing them.

use serde::{Deserialize, Serialize};

use crate::domain::{
    email_address::EmailAddress,
    id::{EmailId, UserId},
    limits::Limits,
    session::SessionEntry,
    timestamp::Timestamp,
    user::User,
};

/// An address of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// `emailID`
    #[serde(rename = "emailID")]
    pub id: EmailId,
    /// The address as the user typed it.
    pub address: EmailAddress,
    /// Whether a code verified it. No other account can verify an address while it is verified
    /// here.
    pub verified: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// The version of the account that added it: the order within one second.
    #[serde(default)]
    pub sequence: u64,
}

impl Email {
    /// Returns a key that sorts the oldest address first.
    #[must_use]
    pub fn age(&self) -> (Timestamp, u64) {
        (self.created_at, self.sequence)
    }
}

/// The owner of a verified address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressOwner {
    /// The user that the address belongs to.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// The entry of the address among the user's addresses.
    #[serde(rename = "emailID")]
    pub email: EmailId,
    /// The address as its owner typed it. Email to the owner goes there, however a request spells
    /// it.
    pub address: EmailAddress,
}

/// A user and everything that belongs to them.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user record.
    pub user: User,
    /// The user's addresses, in no particular order.
    pub emails: Vec<Email>,
    /// The user's sessions, including expired ones.
    pub(crate) sessions: Vec<SessionEntry>,
}

/// The address that a code is requested for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addition {
    /// An address that the account has and that is still unverified.
    Known(EmailId),
    /// An address to add.
    New,
}

/// A change that the rules of an account do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// The account does not have the address.
    UnknownEmail,
    /// The account has the address, and it is verified.
    AlreadyVerified,
    /// The account has as many addresses as the limit allows.
    EmailLimitReached,
    /// An unverified address cannot be the preferred one.
    NotVerified,
    /// The preferred address cannot be removed.
    IsPreferred,
}

impl Account {
    /// Returns one of the user's addresses.
    #[must_use]
    pub fn email(&self, id: EmailId) -> Option<&Email> {
        self.emails.iter().find(|email| email.id == id)
    }

    /// Returns the preferred address: security notices go there.
    #[must_use]
    pub fn preferred(&self) -> Option<&Email> {
        self.email(self.user.preferred)
    }

    /// Decides whether `address` can be added. An unverified address can be added again: its owner
    /// gets a new code.
    ///
    /// # Errors
    /// [`AccountError::AlreadyVerified`] and [`AccountError::EmailLimitReached`].
    pub fn add(&self, address: &EmailAddress, limits: &Limits) -> Result<Addition, AccountError> {
        match self.resend(address) {
            Err(AccountError::UnknownEmail) if self.emails.len() < limits.emails_per_user => Ok(Addition::New),
            Err(AccountError::UnknownEmail) => Err(AccountError::EmailLimitReached),
            known => known,
        }
    }

    /// Decides whether a new code can be requested for `address`, which the account must have,
    /// unverified.
    ///
    /// # Errors
    /// [`AccountError::AlreadyVerified`] and [`AccountError::UnknownEmail`].
    pub fn resend(&self, address: &EmailAddress) -> Result<Addition, AccountError> {
        let email = self.emails.iter().find(|email| email.address.canonical() == address.canonical());
        match email.ok_or(AccountError::UnknownEmail)? {
            email if email.verified => Err(AccountError::AlreadyVerified),
            email => Ok(Addition::Known(email.id)),
        }
    }

    /// Decides whether an address can become the preferred one. Returns `None` if it is already.
    ///
    /// # Errors
    /// [`AccountError::UnknownEmail`] and [`AccountError::NotVerified`].
    pub fn prefer(&self, id: EmailId) -> Result<Option<&Email>, AccountError> {
        let email = self.email(id).ok_or(AccountError::UnknownEmail)?;
        if !email.verified {
            return Err(AccountError::NotVerified);
        }
        Ok((email.id != self.user.preferred).then_some(email))
    }

    /// Decides whether an address can be removed.
    ///
    /// # Errors
    /// [`AccountError::UnknownEmail`] and [`AccountError::IsPreferred`].
    pub fn remove(&self, id: EmailId) -> Result<&Email, AccountError> {
        let email = self.email(id).ok_or(AccountError::UnknownEmail)?;
        if email.id == self.user.preferred { Err(AccountError::IsPreferred) } else { Ok(email) }
    }

    /// Returns the oldest active sessions that must end so that one more fits the limit, at most
    /// `max`.
    pub(crate) fn sessions_over_limit(&self, now: Timestamp, limits: &Limits, max: usize) -> Vec<&SessionEntry> {
        let mut active: Vec<_> = self.sessions.iter().filter(|session| session.is_active(now)).collect();
        active.sort_by_key(|session| session.age());
        let kept = limits.sessions_per_user.saturating_sub(1);
        active.truncate(active.len().saturating_sub(kept).min(max));
        active
    }
}
