//! Every call of an endpoint, with every fault that it can have.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};

use super::scenarios::{Prepared, Scenario};
use crate::support::{Call, Contents, End, Fault, Person, Product, Proxy, Settings, counted, product_with};

/// The number of cases that share a product. The SDK has a quota of retries per region, and each
/// product has its own region.
const CASES_PER_PRODUCT: usize = 10;

/// The number of concurrent products: one works while another waits for a fault to pass.
const MAX_CONCURRENT: usize = 3;

/// The number of times of a fault that never passes.
pub(super) const ALWAYS: usize = usize::MAX;

/// A fault at a call, and the expected outcome.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) site: &'static str,
    pub(super) fault: Fault,
    pub(super) times: usize,
    pub(super) outcome: Outcome,
}

/// The expected response to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The same as without the fault.
    Success,
    /// A 503: the client should retry.
    Unavailable,
    /// A 500.
    InternalError,
    /// Anything but a 500: another request seems to have won a race.
    Refused,
}

/// Runs a scenario once for every fault of every call.
pub(super) async fn run_every_fault_of_every_call(scenario: Scenario) {
    let cases = cases(scenario);
    // This keeps the list of cases complete: `changes_without_faults` compares the calls with the
    // actual ones.
    let (calls, parts) = (scenario.calls(), scenario.transaction_items());
    let writes = calls.iter().filter(|call| !is_read(call)).count();
    assert!(cases.len() >= calls.len() * 10 + writes * 6 + parts * 5, "{}", cases.len());
    let chunks = cases.chunks(CASES_PER_PRODUCT).map(|chunk| run_cases(scenario, chunk));
    let count: usize =
        stream::iter(chunks).buffer_unordered(MAX_CONCURRENT).collect::<Vec<_>>().await.into_iter().sum();
    assert_eq!(count, cases.len());
    counted(format_args!("{count} faults in {} calls of {scenario:?}", calls.len()));
}

fn is_read(site: &str) -> bool {
    site.starts_with("GetItem") || site.starts_with("Query")
}

fn cases(scenario: Scenario) -> Vec<Case> {
    let (calls, parts) = (scenario.calls(), scenario.transaction_items());
    let mut cases = Vec::new();
    for &site in calls {
        let mut add = |fault, times, outcome| cases.push(Case { site, fault, times, outcome });
        let before = |status, of_type| Fault::Before(End::Error(status, of_type));
        add(before(400, "ProvisionedThroughputExceededException"), 1, Outcome::Success);
        add(before(400, "ThrottlingException"), 2, Outcome::Success);
        add(before(400, "RequestLimitExceeded"), ALWAYS, Outcome::Unavailable);
        add(before(500, "InternalServerError"), 1, Outcome::Success);
        add(before(500, "InternalServerError"), ALWAYS, Outcome::Unavailable);
        add(before(503, "ServiceUnavailable"), 1, Outcome::Success);
        add(before(400, "ResourceNotFoundException"), 1, Outcome::InternalError);
        add(Fault::Before(End::Reset), 1, Outcome::Success);
        add(Fault::Before(End::Reset), ALWAYS, Outcome::Unavailable);
        add(Fault::After(End::Half), 1, Outcome::Success);
        if !is_read(site) {
            let done = Fault::After(End::Error(500, "InternalServerError"));
            add(done, 1, Outcome::Success);
            add(done, ALWAYS, Outcome::Unavailable);
            add(Fault::After(End::Reset), 1, Outcome::Success);
            add(Fault::After(End::Reset), ALWAYS, Outcome::Unavailable);
            add(Fault::After(End::Half), ALWAYS, Outcome::Unavailable);
            add(Fault::Late(Duration::from_millis(200)), 1, Outcome::Success);
        }
        if site.starts_with("UpdateItem") {
            // A transaction is writing the item.
            add(before(400, "TransactionConflictException"), 2, Outcome::Success);
            add(before(400, "TransactionConflictException"), ALWAYS, Outcome::Unavailable);
        }
        if site == "TransactWriteItems" {
            // The first attempt with the same token is still in progress.
            add(before(400, "TransactionInProgressException"), 1, Outcome::Success);
            add(before(400, "TransactionInProgressException"), ALWAYS, Outcome::Unavailable);
            add(before(400, "IdempotentParameterMismatchException"), 1, Outcome::InternalError);
        }
        for position in 0..if site == "TransactWriteItems" { parts } else { 0 } {
            let cancelled = |reason| Fault::Cancelled(position, reason);
            add(cancelled("TransactionConflict"), 2, Outcome::Success);
            add(cancelled("ThrottlingError"), 1, Outcome::Success);
            add(cancelled("ProvisionedThroughputExceeded"), 1, Outcome::Success);
            add(cancelled("ConditionalCheckFailed"), 1, Outcome::Refused);
            add(cancelled("ValidationError"), 1, Outcome::InternalError);
            if position == 0 {
                add(cancelled("ItemCollectionSizeLimitExceeded"), 1, Outcome::InternalError);
                add(cancelled("TransactionConflict"), ALWAYS, Outcome::Unavailable);
                add(cancelled("ConditionalCheckFailed"), ALWAYS, Outcome::Refused);
            }
        }
    }
    cases
}

/// Runs a scenario on its own product once for each case, and returns the number of cases.
pub(super) async fn run_cases(scenario: Scenario, cases: &[Case]) -> usize {
    let mut count = 0;
    with_own_product(scenario, async |product, proxy| {
        let person = scenario.begin(product).await;
        let expected_changes = changes_without_faults(scenario, product, proxy, person.as_ref()).await;
        for case in cases {
            let mut attempts = 0;
            loop {
                let prepared = scenario.prepare(product, person.as_ref()).await;
                attempts += 1;
                if run_case((scenario, &prepared), product, proxy, &expected_changes, case).await {
                    break;
                }
                assert!(attempts < 3, "{scenario:?}, {case:?}: busy");
            }
            count += 1;
        }
    })
    .await;
    count
}

/// Runs a test on its own product, with a proxy between the scenario's function and DynamoDB.
pub(crate) async fn with_own_product(scenario: Scenario, test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    let own = |name: &str, value: String| (format!("{}/{name}", scenario.function()), value);
    let settings = Settings {
        of_function: vec![
            own("AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned()),
            own("AWS_REGION", format!("of-{}", uuid::Uuid::new_v4())),
        ],
        ..Settings::with_mail_for_all()
    };
    let settings = settings.and("MailsPerSourceIpPerHour", "1000").and("AccountChangesPerDay", "1000");
    let settings = settings.and("SessionsPerUser", "2").and("EmailsPerUser", "20");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        test(product, &proxy).await;
    })
    .await;
}

/// Returns the changes to the table when nothing fails.
pub(crate) async fn changes_without_faults(
    scenario: Scenario,
    product: &Product,
    proxy: &Proxy,
    person: Option<&Person>,
) -> Vec<String> {
    let prepared = scenario.prepare(product, person).await;
    let before = product.contents().await;
    proxy.take_calls();
    let response = product.send(prepared.request.for_api(product)).await.expect(scenario.expected_status());
    let calls = proxy.take_calls();
    let mut sites: Vec<_> = calls.iter().map(Call::site).collect();
    sites.sort();
    // On a busy machine, the SDK may repeat a call.
    sites.dedup();
    let parts = calls.iter().map(|call| call.parts().len()).max().unwrap_or_default();
    assert_eq!(
        (sites.iter().map(String::as_str).collect(), parts),
        (scenario.calls().to_vec(), scenario.transaction_items())
    );
    let changes = product.contents().await.since(&before);
    scenario.assert_effect(product, &prepared, &response).await;
    changes
}

/// Runs one case. Returns false if it failed only because the machine is busy, which looks like a
/// busy DynamoDB.
async fn run_case(
    (scenario, prepared): (Scenario, &Prepared),
    product: &Product,
    proxy: &Proxy,
    expected_changes: &[String],
    case: &Case,
) -> bool {
    let context = format!("{scenario:?}, {case:?}");
    let before = product.contents().await;

    proxy.take_calls();
    proxy.set_trap(case.site, case.fault, case.times);
    let response = product.send(prepared.request.for_api(product)).await;
    let trapped = proxy.take_trap();
    let times = trapped.len();
    let was_busy = case.outcome == Outcome::Success && response.status == 503;
    assert!(times > 0 && (case.times == ALWAYS || times == case.times || was_busy), "{context}: {times} times");
    if case.outcome == Outcome::Success {
        assert_one_transaction(trapped.into_iter().chain(proxy.take_calls()), &context);
    }

    let succeeded = response.status == scenario.expected_status();
    match case.outcome {
        Outcome::Success => assert!(succeeded || was_busy, "{context}: {}", response.body),
        Outcome::Unavailable => assert_eq!(response.status, 503, "{context}: {}", response.body),
        Outcome::InternalError => assert_eq!(response.status, 500, "{context}: {}", response.body),
        Outcome::Refused => assert_ne!(response.status, 500, "{context}: {}", response.body),
    }
    let after = product.contents().await;
    let changes = after.since(&before);
    // A scenario without changes is never counted as done.
    let done = !expected_changes.is_empty() && changes == expected_changes;
    assert!(done || changes.is_empty(), "{context}: a partial write: {changes:#?}");
    assert!(done || !succeeded || expected_changes.is_empty(), "{context}: acknowledged but not done");
    assert!(!done || succeeded || response.status >= 500, "{context}: refused but done");
    let reached = !matches!(case.fault, Fault::Before(_) | Fault::Cancelled(..));
    assert!(!done || succeeded || reached, "{context}: done although DynamoDB never executed the call");
    assert_guess_was_counted((scenario, prepared), case, (&before, &after), response.status);
    product.check_invariants_of(&after);

    if succeeded {
        scenario.assert_effect(product, prepared, &response).await;
        return true;
    }
    let status = if done { scenario.repeated_status() } else { scenario.expected_status() };
    let again = product.send(prepared.request.for_api(product)).await;
    assert_eq!(again.status, status, "{context}: {}", again.body);
    scenario.assert_effect(product, prepared, &again).await;
    !was_busy
}

/// Checks that all attempts have the same token, so that the transaction is executed only once.
fn assert_one_transaction(calls: impl Iterator<Item = Call>, context: &str) {
    let tokens: BTreeSet<_> =
        calls.filter_map(|call| call.body["ClientRequestToken"].as_str().map(str::to_owned)).collect();
    assert!(tokens.len() <= 1, "{context}: {tokens:?}");
}

/// Checks that a code was not evaluated without counting the attempt.
fn assert_guess_was_counted(
    (scenario, prepared): (Scenario, &Prepared),
    case: &Case,
    (before, after): (&Contents, &Contents),
    status: u16,
) {
    let Some((code, limit)) = prepared.guessed(scenario) else { return };
    let attempts = |contents: &Contents| contents.item(&code).and_then(|code| code.number("tries"));
    let wrong = |contents: &Contents| contents.item(&limit).map_or(0, |limit| limit.list("wrongGuesses").len());
    // The calls after the count depend on whether the code is right.
    let evaluated =
        status < 500 || ["Query", "TransactWriteItems", "UpdateItem RATE_LIMIT/RATE_LIMIT"].contains(&case.site);
    let used = attempts(after).is_none();
    assert!(!evaluated || used || attempts(after) > attempts(before), "{scenario:?}, {case:?}: an uncounted guess");
    let is_guess = matches!(scenario, Scenario::GuessAtEmail | Scenario::GuessAtKeypair | Scenario::GuessAtSession);
    let reported_wrong = status == 401 && is_guess;
    assert!(!reported_wrong || wrong(after) > wrong(before), "{scenario:?}, {case:?}: a wrong guess was not recorded");
}
