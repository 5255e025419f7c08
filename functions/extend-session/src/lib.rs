//! `PUT /session/extend`: extends the session by a full lifetime from now, at most to its maximum.
//!
//! 202 with the new expiry · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, Timestamp, edge::Acknowledged};

/// `PUT /session/extend`: extends the current session.
#[derive(Debug)]
pub struct ExtendSession;

/// An extended session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtendedSession {
    #[serde(flatten)]
    acknowledged: Acknowledged,
    expire_at: Timestamp,
}

impl Endpoint for ExtendSession {
    const NAME: &'static str = "extend-session";
    type Access = Authenticated;
    type Output = ExtendedSession;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<ExtendedSession, Error> {
        let Authenticated { session, token_hash } = access;
        let now = request.context.now;
        let end = session.extended(now, app.limits());
        app.store.extend_session(&session, &token_hash, end, now).await?;
        Ok(ExtendedSession { acknowledged: Acknowledged::new(), expire_at: end })
    }
}
