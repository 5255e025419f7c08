//! `POST /email`: adds an unverified address to the user's account and requests a code for it.
//!
//! If the account already has the address and it is still unverified, a new code is requested.
//! The response and the work are the same whether the address is free or belongs to another
//! account; only the email that is sent to the address differs.
//!
//! 202 with the ID of the verification · 400 · 401 · 403 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Fields, Form, Metric, Request, account::Account, store::Addition,
    verification::RequestedCode,
};

/// `POST /email`: adds an address to the user's account.
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
            Some(email) if email.verified => Err(Error::invalid("address", "is yours already, and verified")),
            Some(email) => Ok(Addition::Known(email.id)),
            None if account.emails.len() < most => Ok(Addition::New),
            None => Err(Error::Forbidden("You have as many e-mail addresses as an account can have: delete one first")),
        };
        let id = app.store.request_email_code(caller.user, &address, &request.call, app.limits(), choose).await?;
        Ok(RequestedCode::new(id))
    }
}
