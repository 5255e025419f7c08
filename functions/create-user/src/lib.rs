//! `POST /user`: reserves the alias and requests the code of a sign-up. The account is created when
//! the code is verified (`PUT /session/verification`).
//!
//! The response and the work are the same whether or not the address belongs to an account: the
//! email says it to its owner.
//!
//! 202 with the bearer token, inactive until the code is verified · 400 · 403 · 429 · 500 · 503

use shared::{
    Alias, App, EmailAddress, Endpoint, Error, FullName, Metric, Request,
    domain::{bearer_token::BearerToken, session::PendingSession, verification::Purpose},
    edge::{FromBody, Members, Public, SessionRequested},
};

/// `POST /user`: requests a sign-up.
#[derive(Debug)]
pub struct CreateUser;

struct SignUp {
    email: EmailAddress,
    full_name: FullName,
    alias: Alias,
}

impl FromBody for SignUp {
    fn read(members: &mut Members) -> Option<Self> {
        let (email, full_name, alias) = (members.take("email"), members.take("fullName"), members.take("alias"));
        Some(Self { email: email?, full_name: full_name?, alias: alias? })
    }
}

impl Endpoint for CreateUser {
    const NAME: &'static str = "create-user";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Public;
    type Output = SessionRequested;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<SessionRequested, Error> {
        let SignUp { email, full_name, alias } = request.body()?;
        // Before anything is looked up or counted, so that the response depends on the domain only.
        if !app.sign_up().accepts(&email) {
            return Err(Error::Forbidden(
                "Sign-up is not open to this address. Use an address of an accepted domain, or ask the operator.",
            ));
        }
        app.require_unreserved(Some(&alias))?;
        let (context, limits, token) = (&request.context, app.limits(), BearerToken::generate());
        let session = PendingSession::new(&token, context.now, limits);
        let purpose = Purpose::SignUp { alias, full_name, session: session.clone() };
        let id = app.store.request_session_code(purpose, &email, context, limits).await?;
        Ok(SessionRequested::new(token, &session, context, id))
    }
}
