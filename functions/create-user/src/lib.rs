//! `POST /user`: signs somebody up.
//!
//! Reserves the alias and asks for a code; nobody is a user before the code is proved (`PUT /session/verification`). The answer and
//! the work are the same whether the address is free or taken: the mail tells its owner.
//!
//! 202 with the bearer, which opens nothing yet · 400 · 429 · 500 · 503

use shared::{
    Alias, App, EmailAddress, Endpoint, Error, Fields, Form, FullName, Metric, Request,
    verification::{Purpose, RequestedSession},
};

/// The endpoint.
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
