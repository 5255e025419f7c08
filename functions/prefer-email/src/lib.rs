//! `PUT /email/preferred`: makes a verified address of the user the one that notices are sent to.
//!
//! 202 acknowledged · 400 · 401 · 403 · 404 · 500 · 503

use shared::{Acknowledged, App, EmailId, Endpoint, Error, Fields, Form, Request};

/// `PUT /email/preferred`: changes the user's preferred address.
#[derive(Debug)]
pub struct PreferEmail;

struct Preference {
    email: EmailId,
}

impl Form for Preference {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { email: fields.take("emailID")? })
    }
}

impl Endpoint for PreferEmail {
    const NAME: &'static str = "prefer-email";
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let caller = app.authenticate(request).await?;
        let Preference { email } = request.form()?;
        app.store.prefer_email(caller.user, email, &request.call).await?;
        Ok(Acknowledged::new())
    }
}
