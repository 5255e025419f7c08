//! Undoing the loss of an account: an address that was removed from it, or the whole account that
//! was deleted, comes back by a sign-in (contract, Recovery and Deletion).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{
    account::{Account, AddressOwner, Email},
    id::EmailId,
    limits::Limits,
    rate_limit::recent,
    timestamp::Timestamp,
};

/// The removal of a verified address, for the time in which its owner can take the account back by
/// signing in with it. No other account can verify the address meanwhile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// When the address was removed.
    pub removed_at: Timestamp,
    /// When the address becomes free.
    pub expires_at: Timestamp,
    /// The version of the account that removed it.
    pub(crate) removed_in: u64,
    /// The version of the account that had verified it.
    pub(crate) verified_in: u64,
    /// Whether the account was deleted with all its addresses.
    #[serde(default)]
    pub account_deleted: bool,
}

/// The deletion of an account, for the time in which a sign-in with one of its verified addresses
/// restores it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deletion {
    /// When the account was deleted. Codes that were requested earlier cannot restore it.
    pub(crate) deleted_at: Timestamp,
    /// When everything that is stored about the user expires.
    pub(crate) expires_at: Timestamp,
}

/// A recovery of an account by a sign-in with a removed address, or with an address of an account
/// that was deleted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recovery {
    /// The version of the account that it created. Codes that were requested earlier to verify an
    /// address are void.
    pub(crate) version: u64,
    /// The version of the account that had verified the address. Addresses that were verified later
    /// and removed before the recovery cannot recover the account any more.
    pub(crate) verified_in: u64,
}

/// The result of a recovery.
pub(crate) struct Recovered<'a> {
    /// The removed address, verified again. `None` if the address was not removed: only the account
    /// was deleted.
    pub(crate) email: Option<Email>,
    /// The preferred address.
    pub(crate) preferred: EmailId,
    /// The addresses that have to be verified again.
    pub(crate) unverified: Vec<&'a Email>,
    /// An unverified entry of the same address, which the recovered one replaces.
    pub(crate) replaced: Option<&'a Email>,
    /// The recovery, as the user's item stores it.
    pub(crate) recovery: Recovery,
}

impl Account {
    /// Returns whether the account was deleted. A sign-in may still restore it.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.user.deletion.is_some()
    }

    /// Returns the removal of a verified address, which ends after the recovery `period`.
    pub(crate) fn removal(&self, email: &Email, now: Timestamp, period: Duration) -> Removal {
        Removal {
            removed_at: now,
            expires_at: now.plus(period),
            removed_in: self.next_version(),
            verified_in: email.verified_in,
            account_deleted: false,
        }
    }

    /// Recovers the account through an address that was removed from it: the address is verified
    /// and preferred again. Addresses that were verified shortly before the removal, or after it,
    /// have to be verified again, unless they were verified earlier than the recovered one. An
    /// account that was deleted is restored, too; through an address that was still its own,
    /// nothing else changes.
    ///
    /// Returns `None` if the address is verified again already, if an older address has recovered
    /// the account since the removal, or if the code was requested before the account was deleted.
    pub(crate) fn recover<'a>(
        &'a self,
        owner: &AddressOwner,
        removal: &Removal,
        (requested_at, now): (Timestamp, Timestamp),
        limits: &Limits,
    ) -> Option<Recovered<'a>> {
        let (last, version) = (self.user.last_recovery, self.next_version());
        let supersedes = |last: Recovery| last.version > removal.removed_in && last.verified_in < removal.verified_in;
        let is_too_old = self.user.deletion.is_some_and(|deletion| requested_at < deletion.deleted_at);
        if is_too_old || last.is_some_and(supersedes) {
            return None;
        }
        let entry = self.emails.iter().find(|other| other.address.canonical() == owner.address.canonical());
        if entry.is_some_and(Email::is_verified) {
            let verified_in = last.map_or(removal.verified_in, |last| last.verified_in.min(removal.verified_in));
            return self.is_deleted().then(|| Recovered {
                email: None,
                preferred: self.user.preferred,
                unverified: Vec::new(),
                replaced: None,
                recovery: Recovery { version, verified_in },
            });
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
            sequence: version,
        };
        Some(Recovered {
            preferred: email.id,
            email: Some(email),
            unverified: self.emails.iter().filter(is_doubtful).collect(),
            replaced: entry,
            recovery: Recovery { version, verified_in: removal.verified_in },
        })
    }

    /// Counts a recovery, which no limit can keep from the owner.
    pub(crate) fn count_recovery(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut changes = recent(&self.user.changes, now);
        changes.push(now);
        changes
    }
}
