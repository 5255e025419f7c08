//! `DELETE /session/{id}`: closes a session of the user, this one (`current`) or another. Its
//! bearer token no longer authenticates.
//!
//! 202 acknowledged · 400 · 401 · 404 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Request, edge::Acknowledged, store::Refusal};

/// `DELETE /session/{id}`: closes one of the user's sessions.
#[derive(Debug)]
pub struct CloseSession;

impl Endpoint for CloseSession {
    const NAME: &'static str = "close-session";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        let Authenticated { session, token_hash } = access;
        let id = request.path_id_or("current", session.id)?;
        let token_hash = if id == session.id {
            token_hash
        } else {
            let entry = app.store.session_entry(session.user, id).await?;
            let active = entry.filter(|entry| entry.is_active(request.context.now));
            active.ok_or(Refusal::UnknownSession)?.token_hash
        };
        app.store.close_session(session.user, id, &token_hash).await?;
        Ok(Acknowledged::new())
    }
}
