//! Sessions: what a bearer opens.

use serde::{Deserialize, Serialize};

use crate::{
    Caller, Timestamp,
    bearer::TokenHash,
    config::Limits,
    id::{SessionId, UserId},
    user::User,
    verification::PendingSession,
};

/// An open session, with all that a check of it answers: one read is enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// Whose it is.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// The user's alias, as he typed it.
    pub alias: String,
    /// The user's full name.
    pub full_name: String,
    /// What he may do.
    pub roles: Vec<String>,
    /// What he belongs to.
    pub groups: Vec<String>,
    /// Who signed in.
    #[serde(flatten)]
    pub caller: Caller,
    /// When he signed in.
    pub created_at: Timestamp,
    /// From this moment on, the bearer is refused.
    pub expires_at: Timestamp,
    /// No extension goes beyond.
    pub not_after: Timestamp,
}

impl Session {
    pub(crate) fn open(pending: &PendingSession, user: &User, caller: &Caller, now: Timestamp) -> Self {
        Self {
            id: pending.id,
            user: user.id,
            alias: user.alias.as_str().to_owned(),
            full_name: user.full_name.as_str().to_owned(),
            roles: user.roles.clone(),
            groups: user.groups.clone(),
            caller: caller.clone(),
            created_at: now,
            expires_at: pending.expires_at,
            not_after: pending.not_after,
        }
    }

    /// When it ends if it is extended now.
    #[must_use]
    pub fn extended(&self, now: Timestamp, limits: &Limits) -> Timestamp {
        now.plus(limits.session_lifetime).min(self.not_after)
    }

    /// Whether its bearer is to be believed.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at && now < self.not_after
    }
}

/// A session as its user's list shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// Of its bearer.
    pub token_hash: TokenHash,
    /// Who signed in.
    #[serde(flatten)]
    pub caller: Caller,
    /// When.
    pub created_at: Timestamp,
    /// Which change of the account it came with: tells the order within a second.
    #[serde(default)]
    pub sequence: u64,
    /// From this moment on, the bearer is refused.
    pub expires_at: Timestamp,
}

impl SessionEntry {
    /// Sorts the oldest first.
    #[must_use]
    pub fn age(&self) -> (Timestamp, u64) {
        (self.created_at, self.sequence)
    }
}
