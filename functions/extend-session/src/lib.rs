//! `PUT /session/extend`: extends the session by a full lifetime from now, at most to its maximum.
//!
//! 202 acknowledged · 401 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Request, edge::Acknowledged};

/// `PUT /session/extend`: extends the current session.
#[derive(Debug)]
pub struct ExtendSession;

impl Endpoint for ExtendSession {
    const NAME: &'static str = "extend-session";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        let Authenticated { session, token_hash } = access;
        let now = request.context.now;
        let end = session.extended(now, app.limits());
        app.store.extend_session(&session, &token_hash, end, now).await?;
        Ok(Acknowledged::new())
    }
}
