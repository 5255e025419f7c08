//! `POST /session`: requests a code to sign in with, at any verified address of an account.
//!
//! The response and the work are the same whether or not there is an account: the email says it to
//! the owner of the address.
//!
//! 202 with the bearer token, inactive until the code is verified · 400 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Metric, Request,
    domain::{bearer_token::BearerToken, session::PendingSession, verification::Purpose},
    edge::{FromBody, Members, Public, SessionRequested},
};

/// `POST /session`: requests a sign-in.
#[derive(Debug)]
pub struct CreateSession;

struct SignIn {
    email: EmailAddress,
}

impl FromBody for SignIn {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self { email: members.take("email")? })
    }
}

impl Endpoint for CreateSession {
    const NAME: &'static str = "create-session";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Public;
    type Output = SessionRequested;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<SessionRequested, Error> {
        let SignIn { email } = request.body()?;
        let (context, limits, token) = (&request.context, app.limits(), BearerToken::generate());
        let session = PendingSession::new(&token, context.now, limits);
        let purpose = Purpose::SignIn { session: session.clone() };
        let id = app.store.request_session_code(purpose, &email, context, limits).await?;
        Ok(SessionRequested::new(token, &session, context, id))
    }
}
