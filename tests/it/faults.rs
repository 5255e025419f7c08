//! DynamoDB fails at every call of every endpoint, in every way that it can. Every response is
//! true: an acknowledged request took effect, and any other took effect completely or not at all. A
//! retry then succeeds.

mod api_request;
pub(crate) mod matrix;
pub(crate) mod scenarios;
mod silence;

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;

use crate::support::{Call, End, Fault, Proxy, Settings, counted, product_with};
use scenarios::Scenario;

/// Defines one test for each scenario, so that a failure names its scenario.
macro_rules! survives {
    ($($test:ident: $scenario:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                matrix::run_every_fault_of_every_call(Scenario::$scenario).await;
            }
        )*

        /// The scenarios that have a test.
        const TESTED: &[Scenario] = &[$(Scenario::$scenario),*];
    };
}

survives! {
    checking_a_key_pair_survives_every_fault: CheckKeypair;
    checking_a_session_survives_every_fault: CheckSession;
    closing_another_session_survives_every_fault: CloseAnotherSession;
    closing_the_current_session_survives_every_fault: CloseSession;
    closing_all_sessions_survives_every_fault: CloseSessions;
    adding_an_address_survives_every_fault: CreateEmail;
    creating_a_key_pair_survives_every_fault: CreateKeypair;
    requesting_a_sign_in_survives_every_fault: CreateSession;
    requesting_a_sign_up_survives_every_fault: CreateUser;
    deleting_an_address_survives_every_fault: DeleteEmail;
    deleting_a_key_pair_survives_every_fault: DeleteKeypair;
    deleting_an_account_survives_every_fault: DeleteUser;
    extending_a_session_survives_every_fault: ExtendSession;
    getting_the_account_survives_every_fault: GetAccount;
    getting_a_user_survives_every_fault: GetUser;
    a_wrong_guess_at_an_address_is_counted_despite_every_fault: GuessAtEmail;
    a_wrong_guess_at_a_key_pair_is_counted_despite_every_fault: GuessAtKeypair;
    a_wrong_guess_at_a_session_is_counted_despite_every_fault: GuessAtSession;
    listing_addresses_survives_every_fault: ListEmails;
    listing_key_pairs_survives_every_fault: ListKeypairs;
    listing_sessions_survives_every_fault: ListSessions;
    preferring_an_address_survives_every_fault: PreferEmail;
    requesting_a_reauthentication_survives_every_fault: ReauthenticateSession;
    recovering_an_account_survives_every_fault: RecoverAccount;
    requesting_another_code_survives_every_fault: ResendEmailCode;
    restoring_an_account_survives_every_fault: RestoreAccount;
    changing_the_profile_survives_every_fault: UpdateUser;
    verifying_an_address_survives_every_fault: VerifyEmail;
    verifying_a_key_pair_survives_every_fault: VerifyKeypair;
    verifying_a_reauthentication_survives_every_fault: VerifyReauthentication;
    verifying_a_sign_in_survives_every_fault: VerifySignIn;
    verifying_a_sign_up_survives_every_fault: VerifySignUp;
}

#[test]
fn every_scenario_has_a_test_and_every_endpoint_a_scenario() {
    assert_eq!(TESTED, Scenario::ALL);
    let functions: BTreeSet<_> = Scenario::ALL.iter().map(|scenario| scenario.function()).collect();
    let endpoints = registry::endpoints().filter(|(function, _)| !function.cost.calls.is_empty());
    assert!(endpoints.map(|(function, _)| function.name).eq(functions));
}

/// Makes every eventually consistent read return stale data.
fn stale(call: &Call) -> Option<Fault> {
    let is_read = call.operation == "GetItem" || call.operation == "Query";
    (is_read && call.body["ConsistentRead"] != true).then_some(Fault::Stale)
}

/// Decisions depend on consistent reads or on conditions only.
#[tokio::test(flavor = "multi_thread")]
async fn stale_reads_affect_no_decision() {
    let run = |scenario| {
        Box::pin(matrix::with_own_product(scenario, async move |product, proxy| {
            proxy.decide(stale);
            let person = scenario.begin(product).await;
            matrix::changes_without_faults(scenario, product, proxy, person.as_ref()).await;
        }))
    };
    stream::iter(Scenario::ALL.map(run)).buffer_unordered(4).collect::<Vec<_>>().await;
    counted(format_args!("{} scenarios with stale reads", Scenario::ALL.len()));
}

/// A code that another request has redeemed stays redeemed, so retrying the transaction is useless.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_redeemed_by_another_request_is_rejected_without_retries() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        product.sign_up("john@doe.net", "johny").await;
        let (requested, code) = product.sign_in_code("john@doe.net").await;
        product.stack.delivered().await;
        let (attempts, mut seen) = watch::channel(0);
        proxy.decide(move |call| {
            let position = part_of(call, "CODE#")?;
            attempts.send_modify(|attempts| *attempts += 1);
            Some(Fault::Cancelled(position, "ConditionalCheckFailed"))
        });
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        assert_eq!(*seen.borrow_and_update(), 1);
        proxy.mend();
    })
    .await;
}

/// When an item changes between the read and the write, the request starts again from the read.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_loses_a_race_reads_again_and_succeeds() {
    let proxy = Proxy::start().await;
    product_with(Settings::through(&proxy), async |product| {
        proxy.lead_to(product);
        let john = product.sign_up("john@doe.net", "johny").await;
        let (attempts, mut seen) = watch::channel(0);
        proxy.decide(move |call| {
            let position = part_of(call, "RATE_LIMIT#")?;
            attempts.send_modify(|attempts| *attempts += 1);
            // Every other transaction fails.
            (*attempts.borrow() % 2 == 1).then_some(Fault::Cancelled(position, "ConditionalCheckFailed"))
        });
        product.ask_to_add(&john, "john@work.example").await.expect(202);
        assert_eq!(*seen.borrow_and_update(), 2);
        product.ask_to_sign_in("john@doe.net").await.expect(202);
        assert_eq!(*seen.borrow_and_update(), 4);
        proxy.mend();
    })
    .await;
}

/// While a process is frozen, DynamoDB closes its idle connections. The process notices it when it
/// uses them.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_were_closed_cost_no_503() {
    let proxy = Proxy::start().await;
    let url = ("create-email/AWS_ENDPOINT_URL_DYNAMODB".to_owned(), proxy.url().to_owned());
    let settings = Settings { of_function: vec![url], ..Settings::parameter("MailsPerSourceIpPerHour", "60") };
    product_with(settings, async |product| {
        proxy.lead_to(product);
        let john = product.sign_up("john@doe.net", "johny").await;
        // No call ends before the others have begun, so that each opens a connection.
        proxy.decide(|_| Some(Fault::Late(Duration::from_millis(200))));
        product.ask_to_add(&john, "john@work.example").await.expect(202);
        let idle: BTreeSet<_> = proxy.take_calls().iter().map(|call| call.connection).collect();
        assert_eq!(idle.len(), 3);
        let closed = idle.clone();
        proxy.decide(move |call| closed.contains(&call.connection).then_some(Fault::Before(End::Reset)));
        product.ask_to_add(&john, "john@home.example").await.expect(202);
        let tried: BTreeSet<_> = proxy.take_trap().iter().map(|call| call.connection).collect();
        assert_eq!(tried, idle);
    })
    .await;
}

/// Returns the position, in a transaction, of the item whose partition key has this prefix.
fn part_of(call: &Call, prefix: &str) -> Option<usize> {
    let matches = |part: &Value| {
        let pk = [&part["Key"], &part["Item"]].into_iter().find_map(|item| item["pk"]["S"].as_str());
        pk.is_some_and(|pk| pk.starts_with(prefix))
    };
    call.parts().iter().position(|(_, part)| matches(part))
}
