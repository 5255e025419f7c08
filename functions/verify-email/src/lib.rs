//! `PUT /email/verification`: verifies an address, which then belongs to the account and to no
//! other.
//!
//! Without a bearer token, the code and its 122-bit ID are the proof. With one, it must
//! authenticate the user of the code.
//!
//! 202 acknowledged · 400 · 401 · 429 · 500 · 503

use shared::{
    App, Endpoint, Error, Metric, Request, UserId,
    domain::verification::{CodeScope, Purpose},
    edge::{Acknowledged, CodeSubmission, Public},
};

/// `PUT /email/verification`: verifies an address with a code.
#[derive(Debug)]
pub struct VerifyEmail;

impl Endpoint for VerifyEmail {
    const NAME: &'static str = "verify-email";
    const DERIVES_CODES: bool = true;
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesVerified);
    type Access = Public;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<Acknowledged, Error> {
        let verification = CodeSubmission::redeem(app, request, CodeScope::Email).await?;
        let Purpose::AddEmail { user, email, account_version } = verification.purpose else {
            return Err(Error::CodeRefused(None));
        };
        let context = &request.context;
        app.store.verify_email(&verification, (user, email), account_version, context, app.limits()).await?;
        Ok(Acknowledged::of(user))
    }

    fn user(output: &Acknowledged) -> Option<UserId> {
        output.user()
    }
}
