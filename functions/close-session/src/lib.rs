//! `DELETE /session/{id}`: closes the current session or another session of the same user.
//!
//! Its bearer token is refused from then on.
//!
//! 202 acknowledged · 400 · 401 · 404 · 500 · 503

use shared::{Acknowledged, App, Endpoint, Error, Request, SessionId, TokenHash, session::Session};

/// `DELETE /session/{id}`: closes one of the user's sessions.
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
        if closed { Ok(Acknowledged::new()) } else { Err(Error::NotFound("You have no such session")) }
    }
}

/// Returns the token hash of the user's session with this ID, if it is active.
///
/// The hash of the current session comes from the request; any other session is looked up.
async fn hash_of(id: SessionId, app: &App, request: &Request, caller: &Session) -> Result<Option<TokenHash>, Error> {
    if id == caller.id {
        return request.bearer().map(|bearer| Some(bearer.hash()));
    }
    let entry = app.store.session_entry(caller.user, id).await?;
    Ok(entry.filter(|entry| entry.expires_at > request.call.now).map(|entry| entry.token_hash))
}
