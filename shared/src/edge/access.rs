//! What an endpoint requires of a request before it is handled.

use crate::{
    app::{App, Authenticated},
    domain::{id::UserId, key_pair::KeyPair},
    edge::Request,
    error::Error,
};

/// The credential that an endpoint requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// The bearer token of an active session.
    Session,
    /// The bearer token of a fresh session.
    FreshSession,
    /// An active key pair.
    KeyPair,
}

/// The access that an endpoint requires. The check happens before anything else of the request is
/// read.
pub trait Access: Sized + Send {
    /// The credential without which a request is refused.
    const REQUIRES: Credential;

    /// Checks a request.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] or [`Error::UnknownKeyPair`] if it lacks the required access, and
    /// the store's errors.
    fn check(app: &App, request: &Request) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Returns the user that the check has identified, for the log.
    fn user(&self) -> Option<UserId>;
}

/// The access of an endpoint that everyone can call.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl Access for Public {
    const REQUIRES: Credential = Credential::None;

    async fn check(_: &App, _: &Request) -> Result<Self, Error> {
        Ok(Self)
    }

    fn user(&self) -> Option<UserId> {
        None
    }
}

impl Access for Authenticated {
    const REQUIRES: Credential = Credential::Session;

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
    const REQUIRES: Credential = Credential::FreshSession;

    async fn check(app: &App, request: &Request) -> Result<Self, Error> {
        let authenticated = Authenticated::check(app, request).await?;
        authenticated.session.require_fresh(request.context.now, app.limits())?;
        Ok(Self(authenticated))
    }

    fn user(&self) -> Option<UserId> {
        self.0.user()
    }
}

/// The access of an endpoint that requires an active key pair. Only its two headers are read.
#[derive(Debug)]
pub struct ByKeyPair(pub KeyPair);

impl Access for ByKeyPair {
    const REQUIRES: Credential = Credential::KeyPair;

    async fn check(app: &App, request: &Request) -> Result<Self, Error> {
        app.authenticate_key_pair(&request.key_pair()?, request.context.now).await.map(Self)
    }

    fn user(&self) -> Option<UserId> {
        Some(self.0.user)
    }
}
