//! `GET /user/id/{id}`: returns a user's public profile. Needs no authentication.
//!
//! 200 with the alias · 400 · 404 · 500 · 503

use serde::Serialize;
use shared::{Alias, App, Endpoint, Error, Request};

/// `GET /user/id/{id}`: returns a user's public profile.
#[derive(Debug)]
pub struct GetUser;

/// The response: a user's public profile.
#[derive(Debug, Serialize)]
pub struct PublicUser {
    alias: Alias,
}

impl Endpoint for GetUser {
    const NAME: &'static str = "get-user";
    type Answer = PublicUser;

    async fn handle(app: &App, request: &Request) -> Result<PublicUser, Error> {
        let user = app.store.user(request.path_id()?).await?;
        let user = user.ok_or(Error::NotFound("There is no such user"))?;
        Ok(PublicUser { alias: user.alias })
    }
}
