//! `PUT /user`: changes the user's full name, alias, or both. Every active session shows the change
//! at once.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{
    Alias, App, Authenticated, Endpoint, Error, FullName, Reason, Request,
    domain::user::ProfileChange,
    edge::{Acknowledged, FromBody, Members},
};

/// `PUT /user`: changes the user's profile.
#[derive(Debug)]
pub struct UpdateUser;

struct Profile {
    full_name: Option<FullName>,
    alias: Option<Alias>,
}

impl FromBody for Profile {
    fn read(members: &mut Members) -> Option<Self> {
        let (full_name, alias) = (members.take_optional("fullName"), members.take_optional("alias"));
        Some(Self { full_name: full_name?, alias: alias? })
    }
}

impl Endpoint for UpdateUser {
    const NAME: &'static str = "update-user";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        let Profile { full_name, alias } = request.body()?;
        if full_name.is_none() && alias.is_none() {
            return Err(Error::invalid("fullName", Reason::Missing, "is missing: provide fullName, alias, or both"));
        }
        app.require_unreserved(alias.as_ref())?;
        let profile = ProfileChange { full_name, alias, ..ProfileChange::default() };
        app.store.update_user(access.session.user, &profile, request.context.now).await?;
        Ok(Acknowledged::new())
    }
}
