//! Accounts: a user with their addresses and sessions, and the rules of changing them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{
    email_address::EmailAddress,
    id::{EmailId, KeyPairId, UserId},
    key_pair::KeyPairEntry,
    limits::Limits,
    rate_limit::{count_daily, recent},
    session::{Session, SessionEntry},
    timestamp::Timestamp,
    user::{Recovery, User},
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

/// The removal of a verified address, for the time in which its owner can take the account back by
/// signing in with it (contract, Recovery). No other account can verify the address meanwhile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// When the address was removed.
    pub removed_at: Timestamp,
    /// When the address becomes free.
    pub expires_at: Timestamp,
    /// The version of the account that removed it.
    removed_in: u64,
    /// The version of the account that had verified it.
    pub(crate) verified_in: u64,
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

/// The result of a recovery.
pub(crate) struct Recovered<'a> {
    /// The address, verified again.
    pub(crate) email: Email,
    /// The addresses that have to be verified again.
    pub(crate) unverified: Vec<&'a Email>,
    /// An unverified entry of the same address, which the recovered one replaces.
    pub(crate) replaced: Option<&'a Email>,
    /// The recovery, as the user's item stores it.
    pub(crate) recovery: Recovery,
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
        let removal = limits.recovery.filter(|_| !is_final).map(|period| Removal {
            removed_at: now,
            expires_at: now.plus(period),
            removed_in: self.next_version(),
            verified_in: email.verified_in,
        });
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

    /// Recovers the account through an address that was removed from it: the address is verified
    /// and preferred again. Addresses that were verified shortly before the removal, or after it,
    /// have to be verified again, unless they were verified earlier than the recovered one. Returns
    /// `None` if the address is verified again already, or if an older address has recovered the
    /// account since the removal.
    pub(crate) fn recover<'a>(
        &'a self,
        owner: &AddressOwner,
        removal: &Removal,
        now: Timestamp,
        limits: &Limits,
    ) -> Option<Recovered<'a>> {
        let supersedes = |last: Recovery| last.version > removal.removed_in && last.verified_in < removal.verified_in;
        let replaced = self.emails.iter().find(|other| other.address.canonical() == owner.address.canonical());
        let is_restored = replaced.is_some_and(Email::is_verified);
        if is_restored || self.user.last_recovery.is_some_and(supersedes) {
            return None;
        }
        let begin = removal.removed_at.minus(limits.recovery.unwrap_or_default());
        let is_doubtful =
            |email: &&Email| email.verified_at.is_some_and(|at| at > begin) && email.verified_in > removal.verified_in;
        let email = Email {
            id: owner.email,
            address: owner.address.clone(),
            verified_at: Some(now),
            verified_in: removal.verified_in,
            recovered: true,
            created_at: now,
            sequence: self.next_version(),
        };
        Some(Recovered {
            unverified: self.emails.iter().filter(is_doubtful).collect(),
            replaced,
            recovery: Recovery { version: self.next_version(), verified_in: removal.verified_in },
            email,
        })
    }

    /// Counts a change that sends security notices. Returns the changes of the last 24 hours.
    ///
    /// # Errors
    /// [`AccountError::TooManyChanges`].
    pub(crate) fn count_change(&self, now: Timestamp, limits: &Limits) -> Result<Vec<Timestamp>, AccountError> {
        count_daily(&self.user.changes, now, limits.account_changes_per_day)
            .map_err(|retry_after| AccountError::TooManyChanges { retry_after })
    }

    /// Counts a recovery, which no limit can keep from the owner.
    pub(crate) fn count_recovery(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut changes = recent(&self.user.changes, now);
        changes.push(now);
        changes
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
