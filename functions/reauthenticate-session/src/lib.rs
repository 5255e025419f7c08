//! `POST /session/reauthentication`: emails a code to the preferred address. Verifying it
//! (`PUT /session/verification`) makes the session fresh, as some changes of the account require.
//!
//! 202 with the ID of the verification · 401 · 429 · 500 · 503

use shared::{
    App, Authenticated, Endpoint, Error, Metric, Request, domain::verification::Purpose, edge::CodeRequested,
};

/// `POST /session/reauthentication`: requests a code that makes the session fresh.
#[derive(Debug)]
pub struct ReauthenticateSession;

impl Endpoint for ReauthenticateSession {
    const NAME: &'static str = "reauthenticate-session";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Authenticated;
    type Output = CodeRequested;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<CodeRequested, Error> {
        let Authenticated { session, token_hash } = access;
        let account = app.store.account(session.user).await?;
        let address = &account.preferred().ok_or(Error::Unauthenticated)?.address;
        let purpose = Purpose::Reauthenticate { user: session.user, token_hash };
        let id = app.store.request_session_code(purpose, address, &request.context, app.limits()).await?;
        Ok(CodeRequested::new(id))
    }
}
