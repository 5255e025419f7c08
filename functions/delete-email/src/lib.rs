//! `DELETE /email/{id}`: takes an address from the caller's account, unless it is the preferred one.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 500 · 503

use shared::{Acknowledged, App, Endpoint, Error, Request};

/// The endpoint.
#[derive(Debug)]
pub struct DeleteEmail;

impl Endpoint for DeleteEmail {
    const NAME: &'static str = "delete-email";
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let caller = app.authenticate(request).await?;
        let email = request.path_id()?;
        app.store.delete_email(caller.user, email, &request.call).await?;
        Ok(Acknowledged::new())
    }
}
