//! `PUT /email/preferred`: makes a verified address of the user the one that security notices go
//! to.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 500 · 503

use shared::{
    App, Authenticated, EmailId, Endpoint, Error, Request,
    edge::{Acknowledged, FromBody, Members},
};

/// `PUT /email/preferred`: changes the user's preferred address.
#[derive(Debug)]
pub struct PreferEmail;

struct Preference {
    email: EmailId,
}

impl FromBody for Preference {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self { email: members.take("emailID")? })
    }
}

impl Endpoint for PreferEmail {
    const NAME: &'static str = "prefer-email";
    type Access = Authenticated;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Acknowledged, Error> {
        let Preference { email } = request.body()?;
        app.store.prefer_email(access.session.user, email, &request.context).await?;
        Ok(Acknowledged::new())
    }
}
