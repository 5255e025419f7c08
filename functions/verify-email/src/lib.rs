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
use tokio::try_join;

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
        let (context, token) = (&request.context, request.bearer_token()?);
        let CodeSubmission { id, code } = request.body()?;
        let authenticated = async {
            match &token {
                Some(token) => app.authenticate(token, context.now).await.map(Some),
                None => Ok(None),
            }
        };
        // Run both concurrently. An invalid token can use up a try, but so can a request without a
        // token.
        let redeemed = app.redeem(id, &code, CodeScope::Email, context);
        let (authenticated, verification) = try_join!(authenticated, redeemed)?;
        let Purpose::AddEmail { user, email, account_version } = verification.purpose else {
            return Err(Error::CodeRefused(None));
        };
        if authenticated.is_some_and(|authenticated| authenticated.session.user != user) {
            return Err(Error::CodeRefused(None));
        }
        app.store.verify_email(&verification, (user, email), account_version, context, app.limits()).await?;
        Ok(Acknowledged::of(user))
    }

    fn user(output: &Acknowledged) -> Option<UserId> {
        output.user()
    }
}
