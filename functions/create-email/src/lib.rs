//! `POST /email`: adds an address to the caller's account, unverified, and asks for its code. Of one that is there and still
//! unverified, asks for a new code.
//!
//! The answer and the work are the same whether the address is free or another account's: the mail tells its owner.
//!
//! 202 with the ID of the verification · 400 · 401 · 403 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Fields, Form, Metric, Request, account::Account, store::Addition,
    verification::RequestedCode,
};

/// The endpoint.
#[derive(Debug)]
pub struct CreateEmail;

struct NewEmail {
    address: EmailAddress,
}

impl Form for NewEmail {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { address: fields.take("address")? })
    }
}

impl Endpoint for CreateEmail {
    const NAME: &'static str = "create-email";
    const COUNTS: Option<Metric> = Some(Metric::CodesRequested);
    type Answer = RequestedCode;

    async fn handle(app: &App, request: &Request) -> Result<RequestedCode, Error> {
        let caller = app.authenticate(request).await?;
        let NewEmail { address } = request.form()?;
        let most = app.limits().emails_per_user;
        let choose = |account: &Account| match account.email_of(&address) {
            Some(email) if email.verified => Err(Error::invalid("address", "is already verified for your account")),
            Some(email) => Ok(Addition::Known(email.id)),
            None if account.emails.len() < most => Ok(Addition::New),
            None => Err(Error::Forbidden("Email address limit reached. Remove an address first.")),
        };
        let id = app.store.request_email_code(caller.user, &address, &request.call, app.limits(), choose).await?;
        Ok(RequestedCode::new(id))
    }
}
