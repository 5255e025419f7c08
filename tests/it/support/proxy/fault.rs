//! Faults between a function and DynamoDB, or SES.

use std::time::Duration;

use serde_json::{Value, json};

use super::Call;

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call ends like this, and never reaches the service.
    Before(End),
    /// The service executes the call, but it ends like this.
    After(End),
    /// A transaction is cancelled because of the part at this position.
    Cancelled(usize, &'static str),
    /// The call is executed after this time.
    Late(Duration),
    /// The call is executed at once, and has its response after this time.
    Slow(Duration),
    /// The call is executed once something else is decided, and has no response until then.
    Held,
    /// A read returns nothing, like a replica without any data yet.
    Stale,
    /// As `Cancelled`, after this time.
    LateAndCancelled(Duration, usize, &'static str),
}

/// The end of a call with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// An error with this status and type.
    Error(u16, &'static str),
    /// The connection is reset without a response.
    Reset,
    /// The connection is reset in the middle of the response.
    Half,
    /// No response, and no end of the connection.
    Silence,
}

/// Returns a decision that lets DynamoDB fail in one operation.
pub(crate) fn failing(operation: &'static str) -> impl Fn(&Call) -> Option<Fault> {
    let fault = Fault::Before(End::Error(500, "InternalServerError"));
    move |call| (call.operation == operation).then_some(fault)
}

/// Returns the body of a service error.
pub(super) fn error(of_type: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{of_type}"), "message": "a fault of the test's"})
}

/// Returns the body for a transaction that DynamoDB cancelled because of one part.
pub(super) fn cancellation(call: &Call, position: usize, reason: &str) -> Value {
    let parts = call.parts().len();
    assert!(position < parts, "position {position} of {parts}");
    let code = |index| if index == position { reason } else { "None" };
    let mut said = error("TransactionCanceledException");
    said["CancellationReasons"] = (0..parts).map(|index| json!({"Code": code(index)})).collect();
    said
}
