//! `POST /user`: requests a sign-up.
//!
//! Reserves the alias and requests a code. The account is created when the code is verified
//! (`PUT /session/verification`). The response and the work are the same whether the address is
//! free or taken; only the email that is sent to the address differs.
//!
//! 202 with the bearer token, inactive until the code is verified · 400 · 429 · 500 · 503

use shared::{
    Alias, App, EmailAddress, Endpoint, Error, Fields, Form, FullName, Metric, Request,
    verification::{Purpose, RequestedSession},
};

/// `POST /user`: requests a sign-up.
#[derive(Debug)]
pub struct CreateUser;

struct SignUp {
    email: EmailAddress,
    full_name: FullName,
    alias: Alias,
}

impl Form for SignUp {
    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, full_name, alias) = (fields.take("email"), fields.take("fullName"), fields.take("alias"));
        Some(Self { email: email?, full_name: full_name?, alias: alias? })
    }
}

impl Endpoint for CreateUser {
    const NAME: &'static str = "create-user";
    const COUNTS: Option<Metric> = Some(Metric::CodesRequested);
    type Answer = RequestedSession;

    async fn handle(app: &App, request: &Request) -> Result<RequestedSession, Error> {
        let SignUp { email, full_name, alias } = request.form()?;
        app.request_session(&request.call, email, |session| Purpose::SignUp { alias, full_name, session }).await
    }
}
