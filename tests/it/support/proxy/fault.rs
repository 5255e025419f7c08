//! What can go wrong between a function and DynamoDB, or SES.

use std::time::Duration;

use serde_json::{Value, json};

use super::Call;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends so, and the service never hears of it.
    Before(End),
    /// The service does it, but it ends so.
    After(End),
    /// A transaction is cancelled: the part at this position is the reason.
    Cancelled(usize, &'static str),
    /// It takes that long before it is done.
    Late(Duration),
    /// It is done once something else is decided; until then it is left without an answer.
    Held,
    /// It sees nothing of what was ever written: a replica as late as can be.
    Stale,
    /// A transaction is cancelled so as well, and only after that long.
    LateAndCancelled(Duration, usize, &'static str),
}

/// How a call ends that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With an error of that status and type.
    Error(u16, &'static str),
    /// The connection is reset, without an answer.
    Reset,
    /// The connection is reset in the middle of the answer.
    Half,
    /// With nothing: nobody ever says anything.
    Silence,
}

/// DynamoDB fails in this operation.
pub(crate) fn failing(operation: &'static str) -> impl Fn(&Call) -> Option<Fault> {
    let fault = Fault::Before(End::Error(500, "InternalServerError"));
    move |call| (call.operation == operation).then_some(fault)
}

/// What a service says when something is wrong.
pub(super) fn error(of_type: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{of_type}"), "message": "a fault of the test's"})
}

/// What DynamoDB says of a transaction that it cancelled because of one part.
pub(super) fn cancellation(call: &Call, position: usize, reason: &str) -> Value {
    let parts = call.parts().len();
    assert!(position < parts, "position {position} of {parts}");
    let code = |index| if index == position { reason } else { "None" };
    let mut said = error("TransactionCanceledException");
    said["CancellationReasons"] = (0..parts).map(|index| json!({"Code": code(index)})).collect();
    said
}
