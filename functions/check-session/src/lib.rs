//! `GET /session`: returns the session of the bearer token.
//!
//! 200 with the session · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, SessionId, Timestamp, UserId, edge::Client};

/// `GET /session`: checks a bearer token and returns its session.
#[derive(Debug)]
pub struct CheckSession;

/// An active session.
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
    /// When a code was last verified in this session.
    authenticated_at: Timestamp,
    #[serde(flatten)]
    client: Client,
    verified: bool,
    roles: Vec<String>,
    groups: Vec<String>,
}

impl Endpoint for CheckSession {
    const NAME: &'static str = "check-session";
    type Access = Authenticated;
    type Output = CheckedSession;

    async fn handle(_: &App, _: &Request, access: Authenticated) -> Result<CheckedSession, Error> {
        let session = access.session;
        Ok(CheckedSession {
            session_id: session.id,
            user_id: session.user,
            alias: session.alias,
            full_name: session.full_name,
            expire_at: session.expires_at,
            authenticated_at: session.authenticated_at,
            client: session.client.into(),
            verified: true,
            roles: session.roles,
            groups: session.groups,
        })
    }
}
