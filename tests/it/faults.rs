//! DynamoDB fails in every call of every endpoint, in every way that it can: what a client is told is true, what he was told was done
//! is done, and what he was not told was done is done or was never begun. Then he tries again, and all is well.

mod ask;
pub(crate) mod matrix;
mod silence;
pub(crate) mod stories;

use futures_util::{StreamExt, stream};

use crate::support::{Call, Fault, counted};
use stories::Story;

/// One test for each story, so that it is told which of them fails.
macro_rules! survives {
    ($($test:ident: $story:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                matrix::every_fault_of_every_call(Story::$story).await;
            }
        )*

        /// None is forgotten.
        const TOLD: &[Story] = &[$(Story::$story),*];
    };
}

survives! {
    a_session_is_checked_through_every_fault: CheckSession;
    another_session_is_closed_through_every_fault: CloseAnotherSession;
    a_session_is_closed_through_every_fault: CloseSession;
    an_address_is_added_through_every_fault: CreateEmail;
    a_sign_in_is_asked_for_through_every_fault: CreateSession;
    a_sign_up_is_asked_for_through_every_fault: CreateUser;
    an_address_is_deleted_through_every_fault: DeleteEmail;
    a_session_is_extended_through_every_fault: ExtendSession;
    a_user_is_shown_through_every_fault: GetUser;
    a_wrong_guess_at_an_address_is_refused_and_counted_through_every_fault: GuessAtEmail;
    a_wrong_guess_at_a_session_is_refused_and_counted_through_every_fault: GuessAtSession;
    addresses_are_listed_through_every_fault: ListEmails;
    sessions_are_listed_through_every_fault: ListSessions;
    an_address_is_preferred_through_every_fault: PreferEmail;
    a_code_is_sent_again_through_every_fault: ResendEmailCode;
    an_address_is_verified_through_every_fault: VerifyEmail;
    a_sign_in_is_proved_through_every_fault: VerifySignIn;
    a_sign_up_is_proved_through_every_fault: VerifySignUp;
}

#[test]
fn every_story_of_every_endpoint_is_told() {
    assert_eq!(TOLD, Story::ALL);
    let functions: std::collections::BTreeSet<_> = Story::ALL.iter().map(|story| story.function()).collect();
    assert_eq!(functions.len(), 14);
}

/// What need not be consistent is as late as a replica can be.
fn stale(call: &Call) -> Option<Fault> {
    let is_read = call.operation == "GetItem" || call.operation == "Query";
    (is_read && call.body["ConsistentRead"] != true).then_some(Fault::Stale)
}

/// F7.
#[tokio::test(flavor = "multi_thread")]
async fn every_decision_is_made_on_what_is_true_now() {
    let tell = |story| {
        Box::pin(matrix::on_a_product_of_its_own(story, async move |product, proxy| {
            proxy.decide(stale);
            let person = story.begin(product).await;
            matrix::happy_end(story, product, proxy, person.as_ref()).await;
        }))
    };
    stream::iter(Story::ALL.map(tell)).buffer_unordered(4).collect::<Vec<_>>().await;
    counted(format_args!("{} stories with stale reads", Story::ALL.len()));
}
