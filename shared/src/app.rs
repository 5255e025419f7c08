//! The state of a function's process, which every request borrows.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    config::{Config, ConfigError, SignUp, TrustedProxy},
    domain::{
        alias::Alias,
        bearer_token::{BearerToken, TokenHash},
        code::{CodeKeys, SubmittedCode},
        id::VerificationId,
        key_pair::{ApiKey, ApiSecret, KeyPair},
        limits::Limits,
        refused_guess::RefusedGuess,
        rejection::Reason,
        request_context::RequestContext,
        session::Session,
        timestamp::Timestamp,
        verification::{CodeScope, Verification},
    },
    error::Error,
    store::{Refusal, Store, StoreError},
};

/// The start of a function waits this long for the table. Lambda allows ten seconds, but a client
/// waits meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The session that a request's bearer token belongs to.
#[derive(Debug)]
pub struct Authenticated {
    /// The active session.
    pub session: Session,
    /// The hash of its bearer token.
    pub token_hash: TokenHash,
}

/// The store and the settings. Created once, borrowed by every request.
#[derive(Debug)]
pub struct App {
    /// The DynamoDB table.
    pub store: Store,
    config: Config,
    has_responded: AtomicBool,
}

impl App {
    /// Creates the state with a DynamoDB client of its own. Nothing is connected yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { store: Store::new(&config), config, has_responded: AtomicBool::new(false) }
    }

    /// Opens the connection to the table ahead of the first request: Lambda gives the start of a
    /// function more CPU than its requests. A failure is left to the requests, which meet it again
    /// and respond to it.
    pub(crate) async fn connect(&self) {
        let connected = match timeout(CONNECT_TIMEOUT, self.store.connect()).await {
            Ok(connected) => connected.map_err(|error| error.to_string()),
            Err(late) => Err(late.to_string()),
        };
        if let Err(cause) = connected {
            tracing::warn!(cause, "no connection to the table yet");
        }
    }

    /// Returns whether this is the first request of the process, which includes one-time work (a
    /// *cold start*).
    pub(crate) fn is_cold(&self) -> bool {
        !self.has_responded.swap(true, Ordering::Relaxed)
    }

    /// Returns the limits of this deployment.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Checks that a new alias is not reserved by the product or by this deployment.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn require_unreserved(&self, alias: Option<&Alias>) -> Result<(), Error> {
        match alias {
            Some(alias) if alias.is_reserved(&self.config.reserved_aliases) => {
                Err(Error::invalid("alias", Reason::Reserved, "is reserved. Choose another one."))
            }
            _ => Ok(()),
        }
    }

    /// Returns the sign-ups that this deployment accepts.
    #[must_use]
    pub fn sign_up(&self) -> &SignUp {
        &self.config.sign_up
    }

    /// Returns the proxy that reports the IP addresses of clients, if there is one.
    pub(crate) fn trusted_proxy(&self) -> Option<&TrustedProxy> {
        self.config.trusted_proxy.as_ref()
    }

    /// Returns the active session that the bearer token belongs to.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is none, and the store's errors.
    pub async fn authenticate(&self, token: &BearerToken, now: Timestamp) -> Result<Authenticated, Error> {
        let token_hash = token.hash();
        let session = self.store.session(&token_hash).await?;
        let session = session.filter(|session| session.is_active(now)).ok_or(Error::Unauthenticated)?;
        Ok(Authenticated { session, token_hash })
    }

    /// Returns the active key pair that a key and a secret belong to.
    ///
    /// # Errors
    /// [`Error::UnknownKeyPair`] if there is none, and the store's errors.
    pub async fn authenticate_key_pair(
        &self,
        (key, secret): &(ApiKey, ApiSecret),
        now: Timestamp,
    ) -> Result<KeyPair, Error> {
        let key_pair = self.store.key_pair(key).await?;
        key_pair.filter(|key_pair| key_pair.authenticates(secret, now)).ok_or(Error::UnknownKeyPair)
    }

    /// Compares a submitted code with the one that was sent. This is the only way to a verification
    /// whose code was right.
    ///
    /// The try is counted in a write of its own before the comparison, so that no number of
    /// parallel or failing requests gets more comparisons than allowed. A wrong guess then counts
    /// against the address, too.
    ///
    /// # Errors
    /// [`Error::CodeRefused`], with a trace for the log, if the code is wrong, expired, redeemed,
    /// unknown or outside `scope`, and the store's errors.
    pub async fn redeem(
        &self,
        id: VerificationId,
        code: &SubmittedCode,
        scope: CodeScope,
        context: &RequestContext,
    ) -> Result<Verification, Error> {
        let (now, keys) = (context.now, self.code_keys()?);
        let refused =
            |address| Error::CodeRefused(Some(Box::new(RefusedGuess::new(id, address, &context.client, keys))));
        let verification = match self.store.count_try(id, scope, now, self.limits()).await {
            Err(StoreError::Refused(Refusal::Code)) => return Err(refused(None)),
            counted => counted?,
        };
        if verification.accepts(code, keys) {
            return Ok(verification);
        }
        self.store.count_wrong_guess(&verification.address, now).await?;
        Err(refused(Some(&verification.address)))
    }

    fn code_keys(&self) -> Result<&CodeKeys, Error> {
        self.config.code_keys().map_err(|error: ConfigError| Error::Internal(error.into()))
    }
}
