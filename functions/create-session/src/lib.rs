//! `POST /session`: requests a sign-in code, sent to any verified address of an account.
//!
//! The response and the work are the same whether there is an account or not; only the email that
//! is sent to the address differs.
//!
//! 202 with the bearer token, inactive until the code is verified · 400 · 429 · 500 · 503

use shared::{
    App, EmailAddress, Endpoint, Error, Fields, Form, Metric, Request,
    verification::{Purpose, RequestedSession},
};

/// `POST /session`: requests a sign-in.
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
    const COUNTS: Option<Metric> = Some(Metric::CodesRequested);
    type Answer = RequestedSession;

    async fn handle(app: &App, request: &Request) -> Result<RequestedSession, Error> {
        let SignIn { email } = request.form()?;
        app.request_session(&request.call, email, |session| Purpose::SignIn { session }).await
    }
}
