//! `GET /keypairs`: lists the user's key pairs, verified or not, the newest first.
//!
//! 200 with the list · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, edge::ListedKeyPair};

/// `GET /keypairs`: lists the user's key pairs.
#[derive(Debug)]
pub struct ListKeypairs;

/// The response.
#[derive(Debug, Serialize)]
pub struct KeyPairs {
    keys: Vec<ListedKeyPair>,
}

impl Endpoint for ListKeypairs {
    const NAME: &'static str = "list-keypairs";
    type Access = Authenticated;
    type Output = KeyPairs;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<KeyPairs, Error> {
        let entries = app.store.key_pairs_of(access.session.user).await?;
        Ok(KeyPairs { keys: ListedKeyPair::all(entries, request.context.now) })
    }
}
