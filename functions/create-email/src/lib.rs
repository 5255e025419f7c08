//! `POST /email`: adds an unverified address to the user's account and requests its code. For an
//! address that is there and still unverified, it requests a new code.
//!
//! The response and the work are the same whether or not the address belongs to another account:
//! the email notifies its owner.
//!
//! 202 with the ID of the verification · 400 · 401 · 403 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Metric, Request,
    domain::account::Account,
    edge::{CodeRequested, Fresh, FromBody, Members},
};

/// `POST /email`: adds an address to the user's account.
#[derive(Debug)]
pub struct CreateEmail;

struct NewEmail {
    address: EmailAddress,
}

impl FromBody for NewEmail {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self { address: members.take("address")? })
    }
}

impl Endpoint for CreateEmail {
    const NAME: &'static str = "create-email";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Fresh;
    type Output = CodeRequested;

    async fn handle(app: &App, request: &Request, Fresh(access): Fresh) -> Result<CodeRequested, Error> {
        let NewEmail { address } = request.body()?;
        let (user, limits) = (access.session.user, app.limits());
        let decide = |account: &Account| account.add(&address, limits);
        let id = app.store.request_email_code(user, &address, &request.context, limits, decide).await?;
        Ok(CodeRequested::new(id))
    }
}
