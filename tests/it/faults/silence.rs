//! DynamoDB says nothing at all, for a while or for ever. Functions don't wait for ever.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{
    matrix::{ALWAYS, Ends, Run, told},
    stories::Story,
};
use crate::support::{End, Fault, counted};

/// F5. The call on which all depends is done, but never answered; or it isn't even heard the first time. Many at once: there is
/// little to do but wait.
#[tokio::test(flavor = "multi_thread")]
async fn who_never_hears_from_dynamodb_is_told_to_try_again_and_can() {
    let tell = async |story: Story| {
        let (calls, _) = story.calls();
        let site = calls.iter().find(|call| **call == "TransactWriteItems").unwrap_or(&calls[0]);
        let runs = [
            Run { site, fault: Fault::Before(End::Silence), times: 1, ends: Ends::Well },
            Run { site, fault: Fault::After(End::Silence), times: ALWAYS, ends: Ends::Busy },
        ];
        told(story, &runs).await
    };
    let told: Vec<_> = stream::iter(Story::ALL.map(|story| Box::pin(tell(story)))).buffer_unordered(6).collect().await;
    let told: usize = told.into_iter().sum();
    assert_eq!(told, 2 * Story::ALL.len());
    counted(format_args!("{told} silences"));
}

/// Each answer comes in time, but there is no end to them: the handler's own deadline ends it, before Lambda would.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_gets_nowhere_answers_at_its_deadline() {
    let fault = Fault::LateAndCancelled(Duration::from_millis(1200), 0, "TransactionConflict");
    let run = Run { site: "TransactWriteItems", fault, times: ALWAYS, ends: Ends::Busy };
    assert_eq!(told(Story::VerifySignUp, &[run]).await, 1);
}
