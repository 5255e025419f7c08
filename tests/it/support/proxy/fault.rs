//! What can go wrong between a function and DynamoDB.

use std::time::Duration;

use serde_json::{Value, json};

use super::Call;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It ends so, and DynamoDB never hears of it.
    Before(End),
    /// DynamoDB does it, but it ends so.
    After(End),
    /// A transaction is cancelled: the part at this position is the reason.
    Cancelled(usize, &'static str),
    /// It takes that long before it is done.
    Late(Duration),
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

/// Goes off where it is set, as often as told.
#[derive(Debug)]
pub(super) struct Trap {
    site: String,
    fault: Fault,
    left: usize,
    sprung: Vec<Call>,
}

impl Trap {
    pub(super) fn new(site: &str, fault: Fault, times: usize) -> Self {
        Self { site: site.to_owned(), fault, left: times, sprung: Vec::new() }
    }

    /// What goes wrong with this call, if anything does.
    pub(super) fn spring(&mut self, call: &Call) -> Option<Fault> {
        if self.left == 0 || call.site() != self.site {
            return None;
        }
        self.left -= 1;
        self.sprung.push(call.clone());
        Some(self.fault.clone())
    }

    /// The calls that went wrong.
    pub(super) fn sprung(self) -> Vec<Call> {
        self.sprung
    }
}

/// What DynamoDB says when something is wrong.
pub(super) fn error(of_type: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{of_type}"), "message": "a fault of the test's"})
}

/// What it says of a transaction that it cancelled because of one part.
pub(super) fn cancellation(call: &Call, position: usize, reason: &str) -> Value {
    let parts = call.parts().len();
    assert!(position < parts, "position {position} of {parts}");
    let code = |index| if index == position { reason } else { "None" };
    let mut said = error("TransactionCanceledException");
    said["CancellationReasons"] = (0..parts).map(|index| json!({"Code": code(index)})).collect();
    said
}
