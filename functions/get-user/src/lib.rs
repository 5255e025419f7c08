//! `GET /user/id/{id}`: a user, as anybody may see him.
//!
//! 200 with the alias · 400 · 404 · 500 · 503

use serde::Serialize;
use shared::{Alias, App, Endpoint, Error, Request};

/// The endpoint.
#[derive(Debug)]
pub struct GetUser;

/// What is public of a user.
#[derive(Debug, Serialize)]
pub struct PublicUser {
    alias: Alias,
}

impl Endpoint for GetUser {
    const NAME: &'static str = "get-user";
    type Answer = PublicUser;

    async fn handle(app: &App, request: &Request) -> Result<PublicUser, Error> {
        let user = app.store.user(request.path_id()?).await?;
        let user = user.ok_or(Error::NotFound("User not found"))?;
        Ok(PublicUser { alias: user.alias })
    }
}
