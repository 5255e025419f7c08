//! `POST /session`: asks for a code to sign in with, at any verified address of an account.
//!
//! The answer and the work are the same whether there is an account or not: the mail tells.
//!
//! 202 with the bearer, which opens nothing yet · 400 · 429 · 500 · 503

use shared::{
    App, Bearer, EmailAddress, Endpoint, Error, Fields, Form, Request,
    verification::{PendingSession, Purpose, RequestedSession, Verification},
};

/// The endpoint.
#[derive(Debug)]
pub struct CreateSession;

struct SignIn {
    email: EmailAddress,
}

impl Form for SignIn {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { email: fields.take("email")? })
    }
}

impl Endpoint for CreateSession {
    const NAME: &'static str = "create-session";
    type Answer = RequestedSession;

    async fn handle(app: &App, request: &Request) -> Result<RequestedSession, Error> {
        let SignIn { email } = request.form()?;
        let bearer = Bearer::generate();
        let session = PendingSession::new(&bearer, request.now, app.limits());
        let purpose = Purpose::SignIn { session: session.clone() };
        let verification = Verification::new(email, purpose, &request.caller, request.now, app.limits());
        let id = app.store.request_session_code(verification, app.limits()).await?;
        Ok(RequestedSession::new(bearer, &session, &request.caller, id))
    }
}
