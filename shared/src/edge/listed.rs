//! Addresses, sessions and key pairs as responses list them (contract, Endpoints 8, 10, 17 and 23).

use std::cmp::Reverse;

use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        account::Account,
        id::{EmailId, KeyPairId, SessionId},
        key_pair::{ApiKey, KeyName, KeyPair, KeyPairEntry},
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

/// A key pair of a user, verified or not, without its secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedKeyPair {
    api_key: ApiKey,
    #[serde(rename = "keyID")]
    key_id: KeyPairId,
    key_name: KeyName,
    expire_at: Timestamp,
    verified: bool,
}

impl ListedKeyPair {
    /// Returns the key pairs that have not ended, the newest first.
    #[must_use]
    pub fn all(mut entries: Vec<KeyPairEntry>, now: Timestamp) -> Vec<Self> {
        entries.retain(|entry| entry.exists(now));
        entries.sort_by_key(|entry| Reverse(entry.age()));
        let listed = entries.into_iter().map(|entry| Self {
            api_key: entry.api_key,
            key_id: entry.id,
            key_name: entry.name,
            expire_at: entry.key_expires_at,
            verified: entry.verified_at.is_some(),
        });
        listed.collect()
    }
}

impl From<&KeyPair> for ListedKeyPair {
    fn from(key_pair: &KeyPair) -> Self {
        Self {
            api_key: key_pair.api_key.clone(),
            key_id: key_pair.id,
            key_name: key_pair.name.clone(),
            expire_at: key_pair.key_expires_at,
            verified: key_pair.verified_at.is_some(),
        }
    }
}
