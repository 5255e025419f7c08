//! `GET /sessions`: returns the user's active sessions, newest first.
//!
//! 200 with the sessions · 401 · 500 · 503

use std::cmp::Reverse;

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, SessionId, Timestamp, edge::Client};

/// `GET /sessions`: lists the user's active sessions.
#[derive(Debug)]
pub struct ListSessions;

/// The active sessions of a user.
#[derive(Debug, Serialize)]
pub struct Sessions {
    sessions: Vec<ListedSession>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedSession {
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    #[serde(flatten)]
    client: Client,
    created_at: Timestamp,
    expire_at: Timestamp,
    current: bool,
}

impl Endpoint for ListSessions {
    const NAME: &'static str = "list-sessions";
    type Access = Authenticated;
    type Output = Sessions;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Sessions, Error> {
        let current = access.session;
        let mut entries = app.store.sessions_of(current.user).await?;
        entries.retain(|entry| entry.is_active(request.context.now));
        entries.sort_by_key(|entry| Reverse(entry.age()));
        let listed = entries.into_iter().map(|entry| ListedSession {
            current: entry.id == current.id,
            session_id: entry.id,
            client: entry.client.into(),
            created_at: entry.created_at,
            expire_at: entry.expires_at,
        });
        Ok(Sessions { sessions: listed.collect() })
    }
}
