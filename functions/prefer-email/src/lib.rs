//! `PUT /email/preferred`: makes a verified address of the user the one that security notices go
//! to.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 429 · 500 · 503

use shared::{
    App, EmailId, Endpoint, Error, Request,
    edge::{Acknowledged, Fresh, FromBody, Members},
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
    type Access = Fresh;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, Fresh(access): Fresh) -> Result<Acknowledged, Error> {
        let Preference { email } = request.body()?;
        app.store.prefer_email(access.session.user, email, &request.context, app.limits()).await?;
        Ok(Acknowledged::new())
    }
}
