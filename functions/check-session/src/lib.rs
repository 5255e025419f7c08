//! `GET /session`: returns the active session that the bearer token belongs to, and its user.
//!
//! 200 with the session · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Caller, Endpoint, Error, Request, SessionId, Timestamp, UserId};

/// `GET /session`: checks a bearer token and returns its session.
#[derive(Debug)]
pub struct CheckSession;

/// The response: an active session and its user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedSession {
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    #[serde(rename = "userID")]
    user_id: UserId,
    alias: String,
    full_name: String,
    expire_at: Timestamp,
    #[serde(flatten)]
    caller: Caller,
    verified: bool,
    roles: Vec<String>,
    groups: Vec<String>,
}

impl Endpoint for CheckSession {
    const NAME: &'static str = "check-session";
    type Answer = CheckedSession;

    async fn handle(app: &App, request: &Request) -> Result<CheckedSession, Error> {
        let session = app.authenticate(request).await?;
        Ok(CheckedSession {
            session_id: session.id,
            user_id: session.user,
            alias: session.alias,
            full_name: session.full_name,
            expire_at: session.expires_at,
            caller: session.caller,
            verified: true,
            roles: session.roles,
            groups: session.groups,
        })
    }
}
