//! The ways in which a store operation does not happen. DynamoDB's own messages are left out: they
//! can contain data.

use std::{borrow::Cow, fmt, time::Duration};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::domain::account::AccountError;

/// A store operation that did not happen.
#[derive(Debug)]
pub enum StoreError {
    /// A rule or the present state is against it. Nothing was written.
    Refused(Refusal),
    /// A call of DynamoDB failed, or an item could not be read or written.
    Failed {
        /// The call.
        operation: &'static str,
        /// The error code, or what was read.
        code: Cow<'static, str>,
        /// Whether the same request can succeed a little later.
        is_transient: bool,
    },
}

/// The reason for which the store refuses an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules of the account do not allow the change.
    Account(AccountError),
    /// The account or the session does not exist any more.
    Gone,
    /// The user has no such session.
    UnknownSession,
    /// The user has no such key pair.
    UnknownKeyPair,
    /// The code is wrong, expired, used or unknown, or its address has another owner by now.
    Code,
    /// The account has more sessions than a transaction can end.
    TooManySessions,
    /// Another user or sign-up has the alias.
    AliasTaken,
    /// A rate limit is reached.
    RateLimited {
        /// The time until the request can succeed.
        retry_after: Duration,
    },
}

impl StoreError {
    pub(super) fn of<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Self {
        let (code, is_transient) = match error {
            SdkError::ConstructionFailure(_) => ("ConstructionFailure".into(), false),
            SdkError::TimeoutError(_) => ("Timeout".into(), true),
            SdkError::DispatchFailure(_) => ("DispatchFailure".into(), true),
            SdkError::ResponseError(_) => ("ResponseError".into(), true),
            error => {
                let code = error.code().unwrap_or("Unknown");
                (Cow::Owned(code.to_owned()), TRANSIENT_CODES.contains(&code))
            }
        };
        Self::Failed { operation, code, is_transient }
    }

    pub(super) fn unreadable(item: &'static str) -> Self {
        Self::Failed { operation: "reading", code: item.into(), is_transient: false }
    }

    pub(super) fn unwritable(item: &'static str) -> Self {
        Self::Failed { operation: "writing", code: item.into(), is_transient: false }
    }

    pub(super) fn cancelled(reason: &str) -> Self {
        let is_transient = TRANSIENT_CODES.contains(&reason);
        Self::Failed { operation: "TransactWriteItems", code: reason.to_owned().into(), is_transient }
    }

    /// Other requests changed the same items again and again.
    pub(super) fn contended() -> Self {
        Self::Failed { operation: "optimistic lock", code: "Contended".into(), is_transient: true }
    }
}

/// The codes of a service that is throttled, busy or broken, in errors and in cancellation reasons
/// (DynamoDB Developer Guide, "Error handling").
pub(super) const TRANSIENT_CODES: [&str; 11] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "store: refused: {refusal:?}"),
            Self::Failed { operation, code, .. } => write!(f, "store: {operation}: {code}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AccountError> for StoreError {
    fn from(error: AccountError) -> Self {
        Self::Refused(Refusal::Account(error))
    }
}
