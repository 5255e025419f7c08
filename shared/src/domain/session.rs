//! Sessions: what a bearer token authenticates.

use serde::{Deserialize, Serialize};

use crate::domain::{
    account::AccountError,
    bearer_token::{BearerToken, TokenHash},
    id::{SessionId, UserId},
    limits::Limits,
    request_context::ClientInfo,
    timestamp::Timestamp,
    user::User,
};

/// A session with everything that a check of it returns, so that one read is enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// The user who signed in.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// The user's alias, as they typed it.
    pub alias: String,
    /// The user's full name.
    pub full_name: String,
    /// The user's roles when the session began.
    pub roles: Vec<String>,
    /// The user's groups when the session began.
    pub groups: Vec<String>,
    /// The client that requested the session.
    #[serde(flatten)]
    pub client: ClientInfo,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When a code was last verified in this session.
    pub authenticated_at: Timestamp,
    /// When the session ends.
    pub expires_at: Timestamp,
    /// The latest time that the session can be extended to.
    pub not_after: Timestamp,
}

impl Session {
    pub(crate) fn new(pending: &PendingSession, user: &User, client: &ClientInfo, now: Timestamp) -> Self {
        Self {
            id: pending.id,
            user: user.id,
            alias: user.alias.as_str().to_owned(),
            full_name: user.full_name.as_str().to_owned(),
            roles: user.roles.clone(),
            groups: user.groups.clone(),
            client: client.clone(),
            created_at: now,
            authenticated_at: now,
            expires_at: pending.expires_at,
            not_after: pending.not_after,
        }
    }

    /// Returns when the session ends if it is extended now.
    #[must_use]
    pub fn extended(&self, now: Timestamp, limits: &Limits) -> Timestamp {
        now.plus(limits.session_lifetime).min(self.not_after)
    }

    /// Decides whether the session may change which addresses own the account: a code must have
    /// been verified in it recently (contract, Step-up).
    ///
    /// # Errors
    /// [`AccountError::StepUpRequired`].
    pub fn require_fresh(&self, now: Timestamp, limits: &Limits) -> Result<(), AccountError> {
        match limits.fresh_session {
            Some(max_age) if now >= self.authenticated_at.plus(max_age) => {
                Err(AccountError::StepUpRequired { max_age })
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the session authenticates its bearer token.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.expires_at && now < self.not_after
    }
}

/// A session in the list of its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// The hash of the session's bearer token.
    pub token_hash: TokenHash,
    /// The client that requested the session.
    #[serde(flatten)]
    pub client: ClientInfo,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// The version of the account that added it: the order within one second.
    #[serde(default)]
    pub sequence: u64,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl SessionEntry {
    pub(crate) fn new(session: &Session, token_hash: &TokenHash, sequence: u64) -> Self {
        Self {
            id: session.id,
            token_hash: token_hash.clone(),
            client: session.client.clone(),
            created_at: session.created_at,
            sequence,
            expires_at: session.expires_at,
        }
    }

    /// Returns a key that sorts the oldest session first.
    #[must_use]
    pub fn age(&self) -> (Timestamp, u64) {
        (self.created_at, self.sequence)
    }

    /// Returns whether the session has not ended.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// A session that begins when its code is verified. Only the client has the bearer token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingSession {
    /// `sessionID`
    #[serde(rename = "sessionID")]
    pub id: SessionId,
    /// The hash of the bearer token.
    pub token_hash: TokenHash,
    /// When the session will end.
    #[serde(rename = "sessionExpiresAt")]
    pub expires_at: Timestamp,
    /// The latest time that the session can be extended to.
    pub not_after: Timestamp,
}

impl PendingSession {
    /// Creates a session for `token`. Its lifetime counts from `now`, when the code is requested.
    #[must_use]
    pub fn new(token: &BearerToken, now: Timestamp, limits: &Limits) -> Self {
        let not_after = now.plus(limits.session_maximum);
        let expires_at = now.plus(limits.session_lifetime).min(not_after);
        Self { id: SessionId::generate(), token_hash: token.hash(), expires_at, not_after }
    }
}
