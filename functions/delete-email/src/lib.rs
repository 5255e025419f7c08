//! `DELETE /email/{id}`: removes an address from the user's account, unless it is the preferred
//! one.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Request, edge::Acknowledged};

/// `DELETE /email/{id}`: removes an address from the user's account.
#[derive(Debug)]
pub struct DeleteEmail;

impl Endpoint for DeleteEmail {
    const NAME: &'static str = "delete-email";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        app.store.delete_email(access.session.user, request.path_id()?, &request.context).await?;
        Ok(Acknowledged::new())
    }
}
