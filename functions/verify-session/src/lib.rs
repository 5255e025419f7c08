//! `PUT /session/verification`: verifies a code and activates the session it was requested for.
//!
//! Verifying the code of a sign-up also creates the account.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{
    Acknowledged, App, Endpoint, Error, Metric, Proof, Request,
    verification::{Purpose, Wanted},
};

/// `PUT /session/verification`: verifies a sign-up or sign-in code.
#[derive(Debug)]
pub struct VerifySession;

impl Endpoint for VerifySession {
    const NAME: &'static str = "verify-session";
    const DERIVES_CODES: bool = true;
    const COUNTS: Option<Metric> = Some(Metric::CodesVerified);
    type Answer = Acknowledged;

    async fn handle(app: &App, request: &Request) -> Result<Acknowledged, Error> {
        let proof: Proof = request.form()?;
        let verification = app.redeem(request, &proof, Wanted::Session).await?;
        let user = match &verification.purpose {
            Purpose::SignUp { alias, full_name, session } => {
                app.store.create_account(&verification, (alias, full_name), session, request.call.now).await?
            }
            Purpose::SignIn { session } => {
                app.store.open_session(&verification, session, request.call.now, app.limits()).await?
            }
            Purpose::AddEmail { .. } => return Err(Error::CodeRefused),
        };
        request.is_of(user);
        Ok(Acknowledged::new())
    }
}
