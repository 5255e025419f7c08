//! `PUT /email/verification`: verifies an address, which then belongs to this account only.
//!
//! Without a bearer token, the code and its 122-bit ID are sufficient. If a token is sent, it must
//! be valid and the code must have been requested by the token's user.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{
    Acknowledged, App, Endpoint, Error, Metric, Proof, Request,
    verification::{Purpose, Wanted},
};
use tokio::try_join;

/// `PUT /email/verification`: verifies an address with a code.
#[derive(Debug)]
pub struct VerifyEmail;

impl Endpoint for VerifyEmail {
    const NAME: &'static str = "verify-email";
    const DERIVES_CODES: bool = true;
    const COUNTS: Option<Metric> = Some(Metric::CodesVerified);
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let bearer = request.optional_bearer()?;
        let proof: Proof = request.form()?;
        let caller = async {
            match bearer {
                Some(_) => app.authenticate(request).await.map(|session| Some(session.user)),
                None => Ok(None),
            }
        };
        // Run both concurrently. A request with an invalid token may use up an attempt, but so can
        // a request without a token.
        let (caller, verification) = try_join!(caller, app.redeem(request, &proof, Wanted::Email))?;
        let Purpose::AddEmail { user, email } = verification.purpose else { return Err(Error::CodeRefused) };
        if caller.is_some_and(|caller| caller != user) {
            return Err(Error::CodeRefused);
        }
        request.is_of(user);
        app.store.verify_email(&verification, (user, email), &request.call).await?;
        Ok(Acknowledged::new())
    }
}
