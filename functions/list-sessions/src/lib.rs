//! `GET /sessions`: lists the user's active sessions, newest first.
//!
//! 200 with the sessions · 401 · 500 · 503

use std::cmp::Reverse;

use serde::Serialize;
use shared::{App, Caller, Endpoint, Error, Request, SessionId, Timestamp};

/// `GET /sessions`: lists the user's active sessions.
#[derive(Debug)]
pub struct ListSessions;

/// The response: the user's active sessions.
#[derive(Debug, Serialize)]
pub struct Sessions {
    sessions: Vec<ActiveSession>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ActiveSession {
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    #[serde(flatten)]
    caller: Caller,
    expire_at: Timestamp,
    current: bool,
}

impl Endpoint for ListSessions {
    const NAME: &'static str = "list-sessions";
    type Answer = Sessions;

    async fn handle(app: &App, request: &Request) -> Result<Sessions, Error> {
        let current = app.authenticate(request).await?;
        let mut entries = app.store.sessions_of(current.user).await?;
        entries.retain(|entry| entry.expires_at > request.call.now);
        entries.sort_by_key(|entry| Reverse(entry.age()));
        let shown = entries.into_iter().map(|entry| ActiveSession {
            current: entry.id == current.id,
            session_id: entry.id,
            caller: entry.caller,
            expire_at: entry.expires_at,
        });
        Ok(Sessions { sessions: shown.collect() })
    }
}
