//! The errors of a request, and how HTTP expresses them: the only place with statuses and texts
//! (contract, Conventions; RFC 9457).

use std::{fmt::Write, time::Duration};

use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::{
    domain::{
        account::AccountError,
        refused_guess::RefusedGuess,
        rejection::{Reason, Rejection},
    },
    store::{Refusal, StoreError},
};

/// The reason why a request was refused or failed. Each variant has one status, one kind and a text
/// that a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request as a whole is not readable.
    #[error("{0}")]
    Malformed(&'static str),
    /// All invalid members of the body or parameters of the path.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    /// No bearer token, or not that of an active session.
    #[error("Provide the bearer token of an active session: Authorization: Bearer <token>")]
    Unauthenticated,
    /// No key pair, or not an active one with its secret.
    #[error("Provide an active key pair in the headers api-key and api-secret")]
    UnknownKeyPair,
    /// The session is active, but no code was verified in it recently (RFC 9470).
    #[error("Verify a code in this session first: request one with POST /session/reauthentication, or sign in again.")]
    StepUpRequired {
        /// How long a session is fresh after a code was verified in it.
        max_age: Duration,
    },
    /// The code is wrong, expired, redeemed or unknown. Which of them is not disclosed. The trace
    /// is for the log only.
    #[error("The code was rejected: wrong, expired, already used, or unknown. Request a new one if needed.")]
    CodeRefused(Option<Box<RefusedGuess>>),
    /// Not allowed, although the resource is the user's own.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The resource does not exist, or belongs to another user.
    #[error("{0}")]
    NotFound(&'static str),
    /// A rate limit is reached.
    #[error("Too many {subject}. Try again in {} seconds.", retry_seconds(*.retry_after))]
    TooManyRequests {
        /// The subject of the limit.
        subject: &'static str,
        /// The time until the request can succeed.
        retry_after: Duration,
    },
    /// A service that this one depends on is throttled, slow or down.
    #[error("The service is temporarily unavailable. Try again in a few seconds.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A defect of the service or its deployment.
    #[error("Internal error. If it persists, report the x-error-id.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The error of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The name of the member in the contract.
    pub field: &'static str,
    /// The reason why its value is rejected.
    #[serde(flatten)]
    pub rejection: Rejection,
}

impl Error {
    /// Creates the error of one invalid member.
    #[must_use]
    pub fn invalid(field: &'static str, reason: Reason, message: &'static str) -> Self {
        Self::rejected(field, Rejection::new(reason, message))
    }

    pub(crate) fn rejected(field: &'static str, rejection: Rejection) -> Self {
        Self::Invalid(vec![FieldError { field, rejection }])
    }

    /// Returns the HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::UnknownKeyPair | Self::StepUpRequired { .. } | Self::CodeRefused(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the stable name for programs: the last part of the problem's `type`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-request",
            Self::Invalid(_) => "invalid-input",
            Self::Unauthenticated | Self::UnknownKeyPair => "unauthenticated",
            Self::StepUpRequired { .. } => "step-up-required",
            Self::CodeRefused(_) => "code-refused",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not-found",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// Returns the short description of the kind.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Malformed request",
            Self::Invalid(_) => "Invalid input",
            Self::Unauthenticated | Self::UnknownKeyPair => "Authentication required",
            Self::StepUpRequired { .. } => "Recent authentication required",
            Self::CodeRefused(_) => "Code rejected",
            Self::Forbidden(_) => "Forbidden",
            Self::NotFound(_) => "Not found",
            Self::TooManyRequests { .. } => "Too many requests",
            Self::Unavailable(_) => "Service unavailable",
            Self::Internal(_) => "Internal error",
        }
    }

    /// Returns the invalid members.
    pub(crate) fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(fields) => fields,
            _ => &[],
        }
    }

    /// Returns the seconds of the `Retry-After` header (RFC 9110 §10.2.3).
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { retry_after, .. } => Some(retry_seconds(*retry_after)),
            Self::Unavailable(_) => Some(1),
            _ => None,
        }
    }

    /// Returns the challenge of the `WWW-Authenticate` header that every 401 has (RFC 6750 §3, RFC
    /// 9470 §3).
    pub(crate) fn challenge(&self) -> Option<String> {
        match self {
            Self::StepUpRequired { max_age } => {
                let max_age = max_age.as_secs();
                Some(format!("Bearer error=\"insufficient_user_authentication\", max_age=\"{max_age}\""))
            }
            error if error.status() == StatusCode::UNAUTHORIZED => Some("Bearer".to_owned()),
            _ => None,
        }
    }

    /// Returns the trace of a refused code, for the log only.
    pub(crate) fn refused_guess(&self) -> Option<&RefusedGuess> {
        match self {
            Self::CodeRefused(guess) => guess.as_deref(),
            _ => None,
        }
    }

    /// Returns the chain of causes, for the log only.
    pub(crate) fn cause(&self) -> Option<String> {
        let mut next = std::error::Error::source(self)?;
        let mut chain = next.to_string();
        while let Some(source) = next.source() {
            let _ = write!(chain, ": {source}");
            next = source;
        }
        Some(chain)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Failed { is_transient: true, .. } => Self::Unavailable(error.into()),
            StoreError::Failed { is_transient: false, .. } => Self::Internal(error.into()),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Account(error) => error.into(),
            Refusal::Gone => Self::Unauthenticated,
            Refusal::UnknownSession => Self::NotFound("Session not found"),
            Refusal::UnknownKeyPair => Self::NotFound("Key pair not found"),
            Refusal::Code => Self::CodeRefused(None),
            Refusal::TooManySessions => Self::Unavailable("sessions were opened meanwhile".into()),
            Refusal::AliasTaken => Self::invalid("alias", Reason::Taken, "is taken. Choose another one."),
            Refusal::RateLimited { retry_after } => Self::TooManyRequests { subject: "codes requested", retry_after },
        }
    }
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::UnknownEmail => Self::NotFound("Email address not found"),
            AccountError::AlreadyVerified => {
                Self::invalid("address", Reason::AlreadyVerified, "is already verified for your account")
            }
            AccountError::EmailLimitReached => Self::Forbidden("Email address limit reached. Remove an address first."),
            AccountError::KeyPairLimitReached => Self::Forbidden("Key pair limit reached. Delete a key pair first."),
            AccountError::NotVerified => {
                Self::Forbidden("Only a verified email address can be preferred. Verify it first.")
            }
            AccountError::IsPreferred => {
                Self::Forbidden("The preferred email address cannot be removed. Prefer another first.")
            }
            AccountError::StepUpRequired { max_age } => Self::StepUpRequired { max_age },
            AccountError::TooManyChanges { retry_after } => {
                Self::TooManyRequests { subject: "account changes", retry_after }
            }
        }
    }
}

/// Rounds up, so that a client that waits as long as the response says is not refused again.
fn retry_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

fn list(fields: &[FieldError]) -> String {
    let each: Vec<_> = fields.iter().map(|error| format!("{} {}", error.field, error.rejection.message)).collect();
    each.join("; ")
}
