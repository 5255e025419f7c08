//! Addresses and sessions as responses list them (contract, Endpoints 8, 10 and 17).

use std::cmp::Reverse;

use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        account::Account,
        id::{EmailId, SessionId},
        session::SessionEntry,
        timestamp::Timestamp,
    },
    edge::Client,
    error::Error,
};

/// An address of a user.
#[derive(Debug, Serialize)]
pub struct ListedEmail {
    #[serde(rename = "emailID")]
    email_id: EmailId,
    address: String,
    verified: bool,
    preferred: bool,
    deliverable: bool,
}

impl ListedEmail {
    /// Returns all addresses of an account, the preferred one first, then the oldest first.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn all(app: &App, account: &Account, now: Timestamp) -> Result<Vec<Self>, Error> {
        let preferred = account.user.preferred;
        let mut emails: Vec<_> = account.emails.iter().collect();
        emails.sort_by_key(|email| (email.id != preferred, email.age()));
        let listed = emails.into_iter().map(async |email| {
            let is_suppressed = app.store.is_suppressed(&email.address, now).await?;
            Ok(Self {
                email_id: email.id,
                address: email.address.as_str().to_owned(),
                verified: email.is_verified(),
                preferred: email.id == preferred,
                deliverable: !is_suppressed,
            })
        });
        try_join_all(listed).await
    }
}

/// An active session of a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    #[serde(flatten)]
    client: Client,
    created_at: Timestamp,
    expire_at: Timestamp,
    current: bool,
}

impl ListedSession {
    /// Returns the active sessions, newest first.
    #[must_use]
    pub fn all(mut entries: Vec<SessionEntry>, current: SessionId, now: Timestamp) -> Vec<Self> {
        entries.retain(|entry| entry.is_active(now));
        entries.sort_by_key(|entry| Reverse(entry.age()));
        let listed = entries.into_iter().map(|entry| Self {
            current: entry.id == current,
            session_id: entry.id,
            client: entry.client.into(),
            created_at: entry.created_at,
            expire_at: entry.expires_at,
        });
        listed.collect()
    }
}
