//! DynamoDB fails in every call of every endpoint, in every way that it can: what a client is told is true, what he was told was done
//! is done, and what he was not told was done is done or was never begun. Then he tries again, and all is well.

mod ask;
pub(crate) mod matrix;
mod silence;
pub(crate) mod stories;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;

use crate::support::{Call, Fault, Proxy, Settings, counted, product_with};
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

/// That somebody else was faster with a code is final: nobody tries again and again until it changes.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_for_a_code_is_told_so_at_once() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        product.sign_up("john@doe.net", "johny").await;
        let (asked, code) = product.sign_in_code("john@doe.net").await;
        product.stack.delivered().await;
        let (tries, mut seen) = watch::channel(0);
        proxy.decide(move |call| {
            let position = part_of(call, "CODE#")?;
            tries.send_modify(|tries| *tries += 1);
            Some(Fault::Cancelled(position, "ConditionalCheckFailed"))
        });
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        assert_eq!(*seen.borrow_and_update(), 1);
        proxy.mend();
    })
    .await;
}

/// Who finds that somebody has changed what he read before he could write, reads again.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_overtaken_looks_again_and_goes_on() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        let john = product.sign_up("john@doe.net", "johny").await;
        let (tries, mut seen) = watch::channel(0);
        proxy.decide(move |call| {
            let position = part_of(call, "RATE_LIMIT#")?;
            tries.send_modify(|tries| *tries += 1);
            // Every other time.
            (*tries.borrow() % 2 == 1).then_some(Fault::Cancelled(position, "ConditionalCheckFailed"))
        });
        product.ask_to_add(&john, "john@work.example").await.expect(202);
        assert_eq!(*seen.borrow_and_update(), 2);
        product.ask_to_sign_in("john@doe.net").await.expect(202);
        assert_eq!(*seen.borrow_and_update(), 4);
        proxy.mend();
    })
    .await;
}

/// The place, in a transaction, of the item whose key begins so.
fn part_of(call: &Call, key: &str) -> Option<usize> {
    let begins = |part: &Value| {
        let pk = [&part["Key"], &part["Item"]].into_iter().find_map(|item| item["pk"]["S"].as_str());
        pk.is_some_and(|pk| pk.starts_with(key))
    };
    call.parts().iter().position(|(_, part)| begins(part))
}
