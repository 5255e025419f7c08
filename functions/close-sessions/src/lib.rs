//! `DELETE /sessions`: closes every session of the user, or with `?keep=current` every other one.
//! Their bearer tokens no longer authenticate.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Reason, Request, edge::Acknowledged};

/// `DELETE /sessions`: closes the user's sessions.
#[derive(Debug)]
pub struct CloseSessions;

impl Endpoint for CloseSessions {
    const NAME: &'static str = "close-sessions";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        let kept = match request.query_parameter("keep") {
            None => None,
            Some("current") => Some(access.session.id),
            Some(_) => return Err(Error::invalid("keep", Reason::Format, "must be current, or left out")),
        };
        app.store.close_sessions(access.session.user, kept, request.context.now).await?;
        Ok(Acknowledged::new())
    }
}
