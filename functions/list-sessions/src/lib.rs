//! `GET /sessions`: returns the user's active sessions, newest first.
//!
//! 200 with the sessions · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, edge::ListedSession};

/// `GET /sessions`: lists the user's active sessions.
#[derive(Debug)]
pub struct ListSessions;

/// The active sessions of a user.
#[derive(Debug, Serialize)]
pub struct Sessions {
    sessions: Vec<ListedSession>,
}

impl Endpoint for ListSessions {
    const NAME: &'static str = "list-sessions";
    type Access = Authenticated;
    type Output = Sessions;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Sessions, Error> {
        let current = access.session;
        let entries = app.store.sessions_of(current.user).await?;
        Ok(Sessions { sessions: ListedSession::all(entries, current.id, request.context.now) })
    }
}
