//! `PUT /session/extend`: extends the current session to a full lifetime from now.
//!
//! A session never lives longer than its maximum lifetime.
//!
//! 202 acknowledged · 401 · 500 · 503

use shared::{Acknowledged, App, Endpoint, Error, Request};

/// `PUT /session/extend`: extends the current session.
#[derive(Debug)]
pub struct ExtendSession;

impl Endpoint for ExtendSession {
    const NAME: &'static str = "extend-session";
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let session = app.authenticate(request).await?;
        let hash = request.bearer()?.hash();
        let end = session.extended(request.call.now, app.limits());
        // The session may have been closed since it was looked up. If so, it stays closed.
        let extended = app.store.extend_session((&session, &hash), end, request.call.now).await?;
        if extended { Ok(Acknowledged::new()) } else { Err(Error::Unauthenticated) }
    }
}
