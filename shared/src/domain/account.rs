//! Accounts: a user with their addresses and sessions, and the rules of changing them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{
    email_address::EmailAddress,
    id::{EmailId, KeyPairId, UserId},
    key_pair::KeyPairEntry,
    limits::Limits,
    rate_limit::count_daily,
    recovery::Removal,
    session::{Session, SessionEntry},
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
    /// When a code verified or recovered it; `None` while it is unverified. No other account can
    /// verify an address while it is verified here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The version of the account that verified it: the order among verified addresses.
    #[serde(default)]
    pub verified_in: u64,
    /// Whether a recovery brought it back after its removal.
    #[serde(default)]
    pub recovered: bool,
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

    /// Returns whether a code verified it.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verified_at.is_some()
    }
}

/// The owner of a verified address, or of one that they removed and can still recover.
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
    /// The removal of the address, if its owner removed it.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
}

/// A user and everything that belongs to them.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user record.
    pub user: User,
    /// The user's addresses, in no particular order.
    pub emails: Vec<Email>,
    /// The user's sessions, including expired ones.
    pub sessions: Vec<SessionEntry>,
    /// The user's key pairs, verified or not, including expired ones.
    pub key_pairs: Vec<KeyPairEntry>,
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
    /// The account has as many key pairs as the limit allows.
    KeyPairLimitReached,
    /// An unverified address cannot be the preferred one.
    NotVerified,
    /// The preferred address cannot be removed.
    IsPreferred,
    /// The change requires a session in which a code was verified less than `max_age` ago.
    StepUpRequired {
        /// How long a session is fresh.
        max_age: Duration,
    },
    /// The user has made as many changes in 24 hours as the limit allows.
    TooManyChanges {
        /// The time until the next change is allowed.
        retry_after: Duration,
    },
}

impl Account {
    /// Returns one of the user's addresses.
    #[must_use]
    pub fn email(&self, id: EmailId) -> Option<&Email> {
        self.emails.iter().find(|email| email.id == id)
    }

    /// Returns one of the user's key pairs.
    #[must_use]
    pub fn key_pair(&self, id: KeyPairId) -> Option<&KeyPairEntry> {
        self.key_pairs.iter().find(|key_pair| key_pair.id == id)
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
            email if email.is_verified() => Err(AccountError::AlreadyVerified),
            email => Ok(Addition::Known(email.id)),
        }
    }

    /// Decides whether an address can become the preferred one. Returns `None` if it is already.
    ///
    /// # Errors
    /// [`AccountError::UnknownEmail`] and [`AccountError::NotVerified`].
    pub fn prefer(&self, id: EmailId) -> Result<Option<&Email>, AccountError> {
        let email = self.email(id).ok_or(AccountError::UnknownEmail)?;
        if !email.is_verified() {
            return Err(AccountError::NotVerified);
        }
        Ok((email.id != self.user.preferred).then_some(email))
    }

    /// Decides whether a session can remove an address. If the address is verified, it usually can
    /// be recovered for a while: returns its removal, too.
    ///
    /// An address that was recovered before cannot be recovered again while an address that was
    /// verified earlier remains. Otherwise an attacker whose address was removed could come back
    /// forever.
    ///
    /// # Errors
    /// [`AccountError::UnknownEmail`], [`AccountError::IsPreferred`] and, for a verified address,
    /// [`AccountError::StepUpRequired`].
    pub fn remove(
        &self,
        id: EmailId,
        session: &Session,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(&Email, Option<Removal>), AccountError> {
        let email = self.email(id).ok_or(AccountError::UnknownEmail)?;
        if email.id == self.user.preferred {
            return Err(AccountError::IsPreferred);
        }
        if !email.is_verified() {
            return Ok((email, None));
        }
        session.require_fresh(now, limits)?;
        let mut verified = self.emails.iter().filter(|other| other.is_verified());
        let is_final = email.recovered && verified.any(|other| other.verified_in < email.verified_in);
        let removal = limits.recovery.filter(|_| !is_final).map(|period| self.removal(email, now, period));
        Ok((email, removal))
    }

    /// Decides whether the account can have one more key pair. One that is not verified yet counts.
    ///
    /// # Errors
    /// [`AccountError::KeyPairLimitReached`].
    pub(crate) fn add_key_pair(&self, now: Timestamp, limits: &Limits) -> Result<(), AccountError> {
        let existing = self.key_pairs.iter().filter(|key_pair| key_pair.exists(now)).count();
        if existing < limits.key_pairs_per_user { Ok(()) } else { Err(AccountError::KeyPairLimitReached) }
    }

    /// Counts a change that sends security notices. Returns the changes of the last 24 hours.
    ///
    /// # Errors
    /// [`AccountError::TooManyChanges`].
    pub(crate) fn count_change(&self, now: Timestamp, limits: &Limits) -> Result<Vec<Timestamp>, AccountError> {
        count_daily(&self.user.changes, now, limits.account_changes_per_day)
            .map_err(|retry_after| AccountError::TooManyChanges { retry_after })
    }

    /// Returns the version that the next change creates.
    pub(crate) fn next_version(&self) -> u64 {
        self.user.version.saturating_add(1)
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
