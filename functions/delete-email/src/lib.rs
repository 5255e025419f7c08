//! `DELETE /email/{id}`: removes an address from the user's account, unless it is the preferred
//! one. A verified address requires a fresh session, and its owner can take the account back for a
//! while by signing in with it.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 429 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Request, edge::Acknowledged};

/// `DELETE /email/{id}`: removes an address from the user's account.
#[derive(Debug)]
pub struct DeleteEmail;

impl Endpoint for DeleteEmail {
    const NAME: &'static str = "delete-email";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        app.store.delete_email(&access.session, request.path_id()?, &request.context, app.limits()).await?;
        Ok(Acknowledged::new())
    }
}
