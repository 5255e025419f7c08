//! What can go wrong, named for what the caller did or must know, and how HTTP says it (contract, Conventions; RFC 9457).

use std::{borrow::Cow, fmt::Write, time::Duration};

use lambda_http::http::StatusCode;
use serde::Serialize;

/// Why a request was refused or failed. Every variant has one status, one kind and words that a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request as a whole can't be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// Fields of the body, or of the path, that can't be used: all of them.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    /// No bearer, or none that opens anything.
    #[error("Provide the bearer token of an active session: Authorization: Bearer <token>")]
    Unauthenticated,
    /// Wrong, expired, used up or unknown: which of them is nobody's business.
    #[error("The code was rejected: wrong, expired, already used, or unknown. Request a new one if needed.")]
    CodeRefused,
    /// His own thing, but not to be done.
    #[error("{0}")]
    Forbidden(&'static str),
    /// No such thing, or not the caller's.
    #[error("{0}")]
    NotFound(&'static str),
    /// Too much mail was asked for.
    #[error("Too many codes requested. Try again in {} seconds.", retry_seconds(*.retry_after))]
    TooManyRequests {
        /// Until it is worth trying again.
        retry_after: Duration,
    },
    /// A service that this one stands on is throttled, slow or down.
    #[error("The service is temporarily unavailable. Try again in a few seconds.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our fault.
    #[error("Internal error. If it persists, report the x-error-id.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with one field. Both parts are fixed, printable ASCII: they go into a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// As the contract names it.
    pub field: &'static str,
    /// What it must be.
    pub message: Cow<'static, str>,
}

impl Error {
    /// One field that can't be used.
    #[must_use]
    pub fn invalid(field: &'static str, message: &'static str) -> Self {
        Self::Invalid(vec![FieldError { field, message: message.into() }])
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::CodeRefused => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stable, for programs: the last part of the problem's `type`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-request",
            Self::Invalid(_) => "invalid-input",
            Self::Unauthenticated => "unauthenticated",
            Self::CodeRefused => "code-refused",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not-found",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Malformed request",
            Self::Invalid(_) => "Invalid input",
            Self::Unauthenticated => "Authentication required",
            Self::CodeRefused => "Code rejected",
            Self::Forbidden(_) => "Forbidden",
            Self::NotFound(_) => "Not found",
            Self::TooManyRequests { .. } => "Too many requests",
            Self::Unavailable(_) => "Service unavailable",
            Self::Internal(_) => "Internal error",
        }
    }

    pub(crate) fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(fields) => fields,
            _ => &[],
        }
    }

    /// Seconds, for the `Retry-After` header (RFC 9110 §10.2.3).
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { retry_after } => Some(retry_seconds(*retry_after)),
            Self::Unavailable(_) => Some(1),
            _ => None,
        }
    }

    /// The chain of causes, for the log alone.
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

/// Rounded up: who waits as long as told must not be told again.
fn retry_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

fn list(fields: &[FieldError]) -> String {
    let each: Vec<_> = fields.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    each.join("; ")
}
