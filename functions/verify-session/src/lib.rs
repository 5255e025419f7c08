//! `PUT /session/verification`: verifies the code of a sign-up, a sign-in or a reauthentication. A
//! sign-up becomes an account, and its session begins; a sign-in opens a session, or recovers the
//! account if the address was removed from it; a reauthentication makes its session fresh.
//!
//! 202 acknowledged · 400 · 401 · 500 · 503

use shared::{
    App, Endpoint, Error, Metric, Request, UserId,
    domain::verification::{CodeScope, Purpose},
    edge::{Acknowledged, CodeSubmission, Public},
};

/// `PUT /session/verification`: verifies the code of a sign-up, a sign-in or a reauthentication.
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
                let user = verification.owner().ok_or(Error::CodeRefused(None))?;
                if verification.recovers() {
                    app.store.recover_account(&verification, user, session, context.now, app.limits()).await?;
                } else {
                    app.store.open_session(&verification, user, session, context.now, app.limits()).await?;
                }
                user
            }
            Purpose::Reauthenticate { user, token_hash } => {
                // A request that comes with a bearer token is about the session of that token.
                if request.bearer_token()?.is_some_and(|token| token.hash() != *token_hash) {
                    return Err(Error::CodeRefused(None));
                }
                app.store.reauthenticate_session(&verification, *user, token_hash, context.now).await?;
                *user
            }
            Purpose::AddEmail { .. } | Purpose::KeyPair { .. } => return Err(Error::CodeRefused(None)),
        };
        Ok(Acknowledged::of(user))
    }

    fn user(output: &Acknowledged) -> Option<UserId> {
        output.user()
    }
}
