//! `PUT /session/verification`: verifies the code of a sign-up or a sign-in. A sign-up becomes an
//! account; the session begins.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{
    App, Endpoint, Error, Metric, Request, UserId,
    domain::verification::{CodeScope, Purpose},
    edge::{Acknowledged, CodeSubmission, Public},
};

/// `PUT /session/verification`: verifies a sign-up or sign-in code.
#[derive(Debug)]
pub struct VerifySession;

impl Endpoint for VerifySession {
    const NAME: &'static str = "verify-session";
    const DERIVES_CODES: bool = true;
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesVerified);
    type Access = Public;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<Acknowledged, Error> {
        let context = &request.context;
        let CodeSubmission { id, code } = request.body()?;
        let verification = app.redeem(id, &code, CodeScope::Session, context).await?;
        let user = match &verification.purpose {
            Purpose::SignUp { alias, full_name, session } => {
                app.store.create_account(&verification, alias, full_name, session, context.now).await?
            }
            Purpose::SignIn { session } => {
                app.store.open_session(&verification, session, context.now, app.limits()).await?
            }
            Purpose::AddEmail { .. } => return Err(Error::CodeRefused(None)),
        };
        Ok(Acknowledged::of(user))
    }

    fn user(output: &Acknowledged) -> Option<UserId> {
        output.user()
    }
}
