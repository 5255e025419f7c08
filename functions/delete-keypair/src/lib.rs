//! `DELETE /keypair/{id}`: deletes a key pair of the user, verified or not. It no longer
//! authenticates.
//!
//! 202 acknowledged · 400 · 401 · 404 · 500 · 503

use shared::{App, Authenticated, Endpoint, Error, Request, edge::Acknowledged};

/// `DELETE /keypair/{id}`: deletes one of the user's key pairs.
#[derive(Debug)]
pub struct DeleteKeypair;

impl Endpoint for DeleteKeypair {
    const NAME: &'static str = "delete-keypair";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        app.store.delete_key_pair(access.session.user, request.path_id()?, request.context.now).await?;
        Ok(Acknowledged::new())
    }
}
