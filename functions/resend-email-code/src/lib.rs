//! `POST /email/verification`: requests a new code for an unverified address of the user. Older
//! codes work until they expire.
//!
//! 202 with the ID of the verification · 400 · 401 · 404 · 429 · 500 · 503

use shared::{
    App, Authenticated, EmailAddress, Endpoint, Error, Metric, Request,
    domain::account::Account,
    edge::{CodeRequested, FromBody, Members},
};

/// `POST /email/verification`: requests a new code for an unverified address.
#[derive(Debug)]
pub struct ResendEmailCode;

struct UnverifiedEmail {
    address: EmailAddress,
}

impl FromBody for UnverifiedEmail {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self { address: members.take("address")? })
    }
}

impl Endpoint for ResendEmailCode {
    const NAME: &'static str = "resend-email-code";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Authenticated;
    type Output = CodeRequested;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<CodeRequested, Error> {
        let UnverifiedEmail { address } = request.body()?;
        let (user, limits) = (access.session.user, app.limits());
        let decide = |account: &Account| account.resend(&address);
        let id = app.store.request_email_code(user, &address, &request.context, limits, decide).await?;
        Ok(CodeRequested::new(id))
    }
}
