//! `POST /email/verification`: requests a new code for an unverified address of the user.
//!
//! Older codes stay valid until they expire.
//!
//! 202 with the ID of the verification · 400 · 401 · 404 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Fields, Form, Metric, Request, account::Account, store::Addition,
    verification::RequestedCode,
};

/// `POST /email/verification`: requests a new code for an unverified address.
#[derive(Debug)]
pub struct ResendEmailCode;

struct Unverified {
    address: EmailAddress,
}

impl Form for Unverified {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { address: fields.take("address")? })
    }
}

impl Endpoint for ResendEmailCode {
    const NAME: &'static str = "resend-email-code";
    const COUNTS: Option<Metric> = Some(Metric::CodesRequested);
    type Answer = RequestedCode;

    async fn handle(app: &App, request: &Request) -> Result<RequestedCode, Error> {
        let caller = app.authenticate(request).await?;
        let Unverified { address } = request.form()?;
        let choose = |account: &Account| match account.email_of(&address) {
            Some(email) if email.verified => Err(Error::invalid("address", "is verified already")),
            Some(email) => Ok(Addition::Known(email.id)),
            None => Err(Error::NotFound("You have no such e-mail address")),
        };
        let id = app.store.request_email_code(caller.user, &address, &request.call, app.limits(), choose).await?;
        Ok(RequestedCode::new(id))
    }
}
