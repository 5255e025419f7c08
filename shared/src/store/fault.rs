//! What the store can fail of. What DynamoDB says in words stays out of it: the words may hold data.

use std::{borrow::Cow, fmt};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Error;

/// A call that did not go through, or an item that can't be read.
#[derive(Debug)]
pub struct Fault {
    operation: &'static str,
    code: Cow<'static, str>,
    passing: bool,
}

impl Fault {
    pub(super) fn of<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Self {
        let (code, passing) = match error {
            SdkError::ConstructionFailure(_) => ("ConstructionFailure".into(), false),
            SdkError::TimeoutError(_) => ("Timeout".into(), true),
            SdkError::DispatchFailure(_) => ("DispatchFailure".into(), true),
            SdkError::ResponseError(_) => ("ResponseError".into(), true),
            error => {
                let code = error.code().unwrap_or("Unknown");
                (Cow::Owned(code.to_owned()), PASSING.contains(&code))
            }
        };
        Self { operation, code, passing }
    }

    pub(super) fn unreadable(what: &'static str) -> Self {
        Self { operation: "reading", code: what.into(), passing: false }
    }

    pub(super) fn unwritable(what: &'static str) -> Self {
        Self { operation: "writing", code: what.into(), passing: false }
    }

    pub(super) fn cancelled(reason: &str) -> Self {
        Self { operation: "TransactWriteItems", code: reason.to_owned().into(), passing: PASSING.contains(&reason) }
    }

    /// Others changed the same thing again and again.
    pub(super) fn contended() -> Self {
        Self { operation: "optimistic lock", code: "Contended".into(), passing: true }
    }

    /// Whether the same request may well succeed a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.passing
    }
}

/// The codes of a service that is throttled, busy or broken, in errors and in cancellation reasons
/// (DynamoDB Developer Guide, "Error handling").
pub(super) const PASSING: [&str; 11] = [
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store: {}: {}", self.operation, self.code)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        if fault.is_passing() { Self::Unavailable(fault.into()) } else { Self::Internal(fault.into()) }
    }
}
