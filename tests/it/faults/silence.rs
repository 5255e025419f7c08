//! DynamoDB does not respond, once or at all. Functions do not wait for it indefinitely.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{
    matrix::{ALWAYS, Case, Outcome, run_cases},
    scenarios::Scenario,
};
use crate::support::{End, Fault, counted};

/// The decisive call is executed but never gets a response, or its first attempt never arrives.
/// Many scenarios run concurrently, because they mostly wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_dynamodb_is_a_503_and_a_retry_succeeds() {
    let run = async |scenario: Scenario| {
        let calls = scenario.calls();
        let site = calls.iter().find(|call| **call == "TransactWriteItems").unwrap_or(&calls[0]);
        let cases = [
            Case { site, fault: Fault::Before(End::Silence), times: 1, outcome: Outcome::Success },
            Case { site, fault: Fault::After(End::Silence), times: ALWAYS, outcome: Outcome::Unavailable },
        ];
        run_cases(scenario, &cases).await
    };
    let counts: Vec<_> =
        stream::iter(Scenario::ALL.map(|scenario| Box::pin(run(scenario)))).buffer_unordered(6).collect().await;
    let count: usize = counts.into_iter().sum();
    assert_eq!(count, 2 * Scenario::ALL.len());
    counted(format_args!("{count} silences"));
}

/// Each call responds in time, but the retries never end. The handler's own deadline ends them
/// before Lambda's would.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_makes_no_progress_responds_at_its_deadline() {
    let fault = Fault::LateAndCancelled(Duration::from_millis(1200), 0, "TransactionConflict");
    let case = Case { site: "TransactWriteItems", fault, times: ALWAYS, outcome: Outcome::Unavailable };
    assert_eq!(run_cases(Scenario::VerifySignUp, &[case]).await, 1);
}
