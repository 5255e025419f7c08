//! `DELETE /session/{id}`: closes a session of the caller, this one or another. Its bearer opens nothing from then on.
//!
//! 202 acknowledged · 400 · 401 · 404 · 500 · 503

use shared::{Acknowledged, App, Endpoint, Error, Request, SessionId, TokenHash, session::Session};

/// The endpoint.
#[derive(Debug)]
pub struct CloseSession;

impl Endpoint for CloseSession {
    const NAME: &'static str = "close-session";
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let caller = app.authenticate(request).await?;
        let id = request.path_id()?;
        let hash = hash_of(id, app, request, &caller).await?;
        let closed = match hash {
            Some(hash) => app.store.close_session(caller.user, id, &hash).await?,
            None => false,
        };
        if closed { Ok(Acknowledged::new()) } else { Err(Error::NotFound("Session not found")) }
    }
}

/// The caller's own session is known by the bearer that he sent; another one is looked up.
async fn hash_of(id: SessionId, app: &App, request: &Request, caller: &Session) -> Result<Option<TokenHash>, Error> {
    if id == caller.id {
        return request.bearer().map(|bearer| Some(bearer.hash()));
    }
    let entry = app.store.session_entry(caller.user, id).await?;
    Ok(entry.filter(|entry| entry.expires_at > request.call.now).map(|entry| entry.token_hash))
}
