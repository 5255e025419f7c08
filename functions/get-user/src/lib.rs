//! `GET /user/id/{id}`: returns the public profile of a user.
//!
//! 200 with the alias · 400 · 404 · 500 · 503

use serde::Serialize;
use shared::{Alias, App, Endpoint, Error, Request, edge::Public};

/// `GET /user/id/{id}`: returns a user's public profile.
#[derive(Debug)]
pub struct GetUser;

/// The public profile of a user.
#[derive(Debug, Serialize)]
pub struct PublicUser {
    alias: Alias,
}

impl Endpoint for GetUser {
    const NAME: &'static str = "get-user";
    type Access = Public;
    type Output = PublicUser;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<PublicUser, Error> {
        let user = app.store.user(request.path_id()?).await?;
        let user = user.ok_or(Error::NotFound("User not found"))?;
        Ok(PublicUser { alias: user.alias })
    }
}
