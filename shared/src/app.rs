//! What a function holds for as long as its process lives.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    Bearer, Call, Config, EmailAddress, Error, Fields, Form, Request,
    code::{CodeKeys, TypedCode},
    config::Limits,
    id::VerificationId,
    session::Session,
    store::Store,
    verification::{PendingSession, Purpose, RequestedSession, Verification, Wanted},
};

/// How long a function's start waits for the table; Lambda allows it ten seconds, and a client waits meanwhile.
const CONNECT: Duration = Duration::from_secs(1);

/// What a client proves an address with.
#[derive(Debug)]
pub struct Proof {
    id: VerificationId,
    code: TypedCode,
}

impl Form for Proof {
    fn read(fields: &mut Fields) -> Option<Self> {
        let (id, code) = (fields.take("verificationCodeID"), fields.take("code"));
        Some(Self { id: id?, code: code? })
    }
}

/// The store and the settings. Built once, borrowed by every request.
#[derive(Debug)]
pub struct App {
    /// Where everything is kept.
    pub store: Store,
    config: Config,
    has_answered: AtomicBool,
}

impl App {
    /// With a client of its own; nothing is connected yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { store: Store::new(&config), config, has_answered: AtomicBool::new(false) }
    }

    /// Opens the connection to the table, so that the first request finds it open: Lambda gives a function's start more CPU than its
    /// requests. What goes wrong here is left to the requests, which meet it again and answer it.
    pub(crate) async fn connect(&self) {
        let connected = match timeout(CONNECT, self.store.connect()).await {
            Ok(connected) => connected.map_err(|fault| fault.to_string()),
            Err(late) => Err(late.to_string()),
        };
        if let Err(cause) = connected {
            tracing::warn!(cause, "no connection to the table yet");
        }
    }

    /// Whether nobody asked before: the first request of a process waits for all that is made once (a *cold start*).
    pub(crate) fn is_cold(&self) -> bool {
        !self.has_answered.swap(true, Ordering::Relaxed)
    }

    /// The numbers of this deployment.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// The open session that the request's bearer belongs to.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is none; the store's faults.
    pub async fn authenticate(&self, request: &Request) -> Result<Session, Error> {
        let hash = request.bearer()?.hash();
        let session = self.store.session(&hash).await?;
        let session = session.filter(|session| session.is_open(request.call.now)).ok_or(Error::Unauthenticated)?;
        request.is_of(session.user);
        Ok(session)
    }

    /// Asks for a code that opens a session, for whatever `purpose` makes of it.
    ///
    /// # Errors
    /// As [`Store::request_session_code`].
    pub async fn request_session(
        &self,
        call: &Call,
        address: EmailAddress,
        purpose: impl FnOnce(PendingSession) -> Purpose + Send,
    ) -> Result<RequestedSession, Error> {
        let limits = self.limits();
        let bearer = Bearer::generate();
        let session = PendingSession::new(&bearer, call.now, limits);
        let verification = Verification::new(address, purpose(session.clone()), call, limits);
        let id = self.store.request_session_code(verification, limits).await?;
        Ok(RequestedSession::new(bearer, &session, &call.caller, id))
    }

    /// Lets one guess at a code be made: the only way to a verification whose code was right.
    ///
    /// The try is counted, in a write of its own, before the code is looked at; so no number of parallel or failing requests
    /// gets to look more often than allowed. A wrong guess then counts against the address too.
    ///
    /// # Errors
    /// [`Error::CodeRefused`] if it is wrong, expired, used up, unknown, or not for what is `wanted`; the store's faults.
    pub async fn redeem(&self, request: &Request, proof: &Proof, wanted: Wanted) -> Result<Verification, Error> {
        let now = request.call.now;
        let most = self.limits().guesses_per_code;
        let counted = self.store.count_try(proof.id, wanted, now, most).await?;
        let verification = counted.ok_or(Error::CodeRefused)?;
        match verification.code(self.code_keys()?) {
            Some(code) if proof.code.is(&code) => Ok(verification),
            _ => {
                self.store.count_wrong_guess(&verification.address, now).await?;
                Err(Error::CodeRefused)
            }
        }
    }

    fn code_keys(&self) -> Result<&CodeKeys, Error> {
        self.config.code_keys().map_err(|error| Error::Internal(error.into()))
    }
}
