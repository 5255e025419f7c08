//! What an endpoint requires of a request before it is handled.

use crate::{
    app::{App, Authenticated},
    domain::id::UserId,
    edge::Request,
    error::Error,
};

/// The access that an endpoint requires. The check happens before anything else of the request is
/// read.
pub trait Access: Sized + Send {
    /// Whether a request without a bearer token is refused.
    const REQUIRES_TOKEN: bool;
    /// Whether a request is refused if its session is not fresh.
    const REQUIRES_FRESH_SESSION: bool = false;

    /// Checks a request.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if it lacks the required access, and the store's errors.
    fn check(app: &App, request: &Request) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Returns the user that the check has identified, for the log.
    fn user(&self) -> Option<UserId>;
}

/// The access of an endpoint that everyone can call.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl Access for Public {
    const REQUIRES_TOKEN: bool = false;

    async fn check(_: &App, _: &Request) -> Result<Self, Error> {
        Ok(Self)
    }

    fn user(&self) -> Option<UserId> {
        None
    }
}

impl Access for Authenticated {
    const REQUIRES_TOKEN: bool = true;

    async fn check(app: &App, request: &Request) -> Result<Self, Error> {
        let token = request.bearer_token()?.ok_or(Error::Unauthenticated)?;
        app.authenticate(&token, request.context.now).await
    }

    fn user(&self) -> Option<UserId> {
        Some(self.session.user)
    }
}

/// The access of an endpoint that requires a fresh session (contract, Step-up).
#[derive(Debug)]
pub struct Fresh(pub Authenticated);

impl Access for Fresh {
    const REQUIRES_TOKEN: bool = true;
    const REQUIRES_FRESH_SESSION: bool = true;

    async fn check(app: &App, request: &Request) -> Result<Self, Error> {
        let authenticated = Authenticated::check(app, request).await?;
        authenticated.session.require_fresh(request.context.now, app.limits())?;
        Ok(Self(authenticated))
    }

    fn user(&self) -> Option<UserId> {
        self.0.user()
    }
}
