//! `DELETE /email/{id}`: removes an address from the user's account.
//!
//! The preferred address cannot be removed.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 500 · 503

use shared::{Acknowledged, App, Endpoint, Error, Request};

/// `DELETE /email/{id}`: removes an address from the user's account.
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
