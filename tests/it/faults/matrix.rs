//! Every call of an endpoint, and everything that can go wrong with it.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};

use super::stories::{Prepared, Story};
use crate::support::{Call, Contents, End, Fault, Person, Product, Proxy, Settings, counted, product_with};

/// As many faults as a product sees: the SDK's quota of retries is for each region, and the region for each product.
const AT_ONE_PRODUCT: usize = 10;

/// While one product waits for a fault to pass, another one works.
const AT_ONCE: usize = 3;

/// For ever.
pub(super) const ALWAYS: usize = usize::MAX;

/// One fault, and what is to come of it.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) site: &'static str,
    pub(super) fault: Fault,
    pub(super) times: usize,
    pub(super) ends: Ends,
}

/// What a client is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// As if nothing had gone wrong.
    Well,
    /// That he shall try again.
    Busy,
    /// That it is our fault.
    Broken,
    /// Anything but that it is our fault: somebody else was faster, or so it seems.
    Refused,
}

/// Tells a story once for every fault of every call.
pub(super) async fn every_fault_of_every_call(story: Story) {
    let runs = runs(story);
    // Can't shrink unseen: that these are its calls is compared with what it calls, below.
    let (calls, parts) = story.calls();
    let writes = calls.iter().filter(|call| !is_read(call)).count();
    assert!(runs.len() >= calls.len() * 10 + writes * 6 + parts * 5, "{}", runs.len());
    let some = runs.chunks(AT_ONE_PRODUCT).map(|some| told(story, some));
    let told: usize = stream::iter(some).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().sum();
    assert_eq!(told, runs.len());
    counted(format_args!("{told} faults in {} calls of {story:?}", calls.len()));
}

fn is_read(site: &str) -> bool {
    site.starts_with("GetItem") || site.starts_with("Query")
}

fn runs(story: Story) -> Vec<Run> {
    let (calls, parts) = story.calls();
    let mut runs = Vec::new();
    for &site in calls {
        let mut add = |fault, times, ends| runs.push(Run { site, fault, times, ends });
        let before = |status, of_type| Fault::Before(End::Error(status, of_type));
        add(before(400, "ProvisionedThroughputExceededException"), 1, Ends::Well);
        add(before(400, "ThrottlingException"), 2, Ends::Well);
        add(before(400, "RequestLimitExceeded"), ALWAYS, Ends::Busy);
        add(before(500, "InternalServerError"), 1, Ends::Well);
        add(before(500, "InternalServerError"), ALWAYS, Ends::Busy);
        add(before(503, "ServiceUnavailable"), 1, Ends::Well);
        add(before(400, "ResourceNotFoundException"), 1, Ends::Broken);
        add(Fault::Before(End::Reset), 1, Ends::Well);
        add(Fault::Before(End::Reset), ALWAYS, Ends::Busy);
        add(Fault::After(End::Half), 1, Ends::Well);
        if !is_read(site) {
            let done = Fault::After(End::Error(500, "InternalServerError"));
            add(done, 1, Ends::Well);
            add(done, ALWAYS, Ends::Busy);
            add(Fault::After(End::Reset), 1, Ends::Well);
            add(Fault::After(End::Reset), ALWAYS, Ends::Busy);
            add(Fault::After(End::Half), ALWAYS, Ends::Busy);
            add(Fault::Late(Duration::from_millis(200)), 1, Ends::Well);
        }
        if site.starts_with("UpdateItem") {
            // A transaction has the item at this moment.
            add(before(400, "TransactionConflictException"), 2, Ends::Well);
            add(before(400, "TransactionConflictException"), ALWAYS, Ends::Busy);
        }
        if site == "TransactWriteItems" {
            // Of the same token: the first try goes on.
            add(before(400, "TransactionInProgressException"), 1, Ends::Well);
            add(before(400, "TransactionInProgressException"), ALWAYS, Ends::Busy);
            add(before(400, "IdempotentParameterMismatchException"), 1, Ends::Broken);
        }
        for position in 0..if site == "TransactWriteItems" { parts } else { 0 } {
            let cancelled = |reason| Fault::Cancelled(position, reason);
            add(cancelled("TransactionConflict"), 2, Ends::Well);
            add(cancelled("ThrottlingError"), 1, Ends::Well);
            add(cancelled("ProvisionedThroughputExceeded"), 1, Ends::Well);
            add(cancelled("ConditionalCheckFailed"), 1, Ends::Refused);
            add(cancelled("ValidationError"), 1, Ends::Broken);
            if position == 0 {
                add(cancelled("ItemCollectionSizeLimitExceeded"), 1, Ends::Broken);
                add(cancelled("TransactionConflict"), ALWAYS, Ends::Busy);
                add(cancelled("ConditionalCheckFailed"), ALWAYS, Ends::Refused);
            }
        }
    }
    runs
}

/// Tells it on a product of its own, once for each. How often it was told.
pub(super) async fn told(story: Story, runs: &[Run]) -> usize {
    let mut told = 0;
    on_a_product_of_its_own(story, async |product, proxy| {
        let person = story.begin(product).await;
        let happy = happy_end(story, product, proxy, person.as_ref()).await;
        for run in runs {
            let mut tries = 0;
            loop {
                let prepared = story.prepare(product, person.as_ref()).await;
                tries += 1;
                if tell((story, &prepared), product, proxy, &happy, run).await {
                    break;
                }
                assert!(tries < 3, "{story:?}, {run:?}: busy");
            }
            told += 1;
        }
    })
    .await;
    told
}

/// Between the story's function and DynamoDB stands a proxy.
pub(crate) async fn on_a_product_of_its_own(story: Story, test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    let own = |name: &str, value: String| (format!("{}/{name}", story.function()), value);
    let settings = Settings {
        of_function: vec![
            own("AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned()),
            own("AWS_REGION", format!("of-{}", uuid::Uuid::new_v4())),
        ],
        ..Settings::with_mail_for_all()
    };
    let settings =
        settings.and("MailsPerSourceIpPerHour", "1000").and("SessionsPerUser", "2").and("EmailsPerUser", "50");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        test(product, &proxy).await;
    })
    .await;
}

/// What changes if nothing goes wrong.
pub(crate) async fn happy_end(story: Story, product: &Product, proxy: &Proxy, person: Option<&Person>) -> Vec<String> {
    let prepared = story.prepare(product, person).await;
    let before = product.contents().await;
    proxy.take_calls();
    let answer = product.send(prepared.ask.request(product)).await.expect(story.happy());
    let calls = proxy.take_calls();
    let mut sites: Vec<_> = calls.iter().map(Call::site).collect();
    sites.sort();
    // On a busy machine, the SDK asks twice.
    sites.dedup();
    let parts = calls.iter().map(|call| call.parts().len()).max().unwrap_or_default();
    assert_eq!((sites.iter().map(String::as_str).collect(), parts), (story.calls().0.to_vec(), story.calls().1));
    let changes = product.contents().await.since(&before);
    story.ends_well(product, &prepared, &answer).await;
    changes
}

/// False if it was busy for no reason: a busy machine looks like a busy DynamoDB.
async fn tell(
    (story, prepared): (Story, &Prepared),
    product: &Product,
    proxy: &Proxy,
    happy: &[String],
    run: &Run,
) -> bool {
    let said = format!("{story:?}, {run:?}");
    let before = product.contents().await;

    proxy.take_calls();
    proxy.set_trap(run.site, run.fault, run.times);
    let answer = product.send(prepared.ask.request(product)).await;
    let sprung = proxy.take_trap();
    let times = sprung.len();
    let was_busy = run.ends == Ends::Well && answer.status == 503;
    assert!(times > 0 && (run.times == ALWAYS || times == run.times || was_busy), "{said}: {times} times");
    if run.ends == Ends::Well {
        are_one_transaction(sprung.into_iter().chain(proxy.take_calls()), &said);
    }

    let well = answer.status == story.happy();
    match run.ends {
        Ends::Well => assert!(well || was_busy, "{said}: {}", answer.body),
        Ends::Busy => assert_eq!(answer.status, 503, "{said}: {}", answer.body),
        Ends::Broken => assert_eq!(answer.status, 500, "{said}: {}", answer.body),
        Ends::Refused => assert_ne!(answer.status, 500, "{said}: {}", answer.body),
    }
    let after = product.contents().await;
    let changes = after.since(&before);
    // Where all goes well and nothing changes, there is nothing to be done.
    let done = !happy.is_empty() && changes == happy;
    assert!(done || changes.is_empty(), "{said}: half of it was done: {changes:#?}");
    assert!(done || !well || happy.is_empty(), "{said}: acknowledged, but not done");
    assert!(!done || well || answer.status >= 500, "{said}: refused, but done");
    let reached = !matches!(run.fault, Fault::Before(_) | Fault::Cancelled(..));
    assert!(!done || well || reached, "{said}: done without DynamoDB");
    no_guess_was_free((story, prepared), run, (&before, &after), answer.status);
    product.check_invariants_of(&after);

    if well {
        story.ends_well(product, prepared, &answer).await;
        return true;
    }
    let status = if done { story.again() } else { story.happy() };
    let again = product.send(prepared.ask.request(product)).await;
    assert_eq!(again.status, status, "{said}: {}", again.body);
    story.ends_well(product, prepared, &again).await;
    !was_busy
}

/// F1, F3: what is tried again is the same transaction, and so isn't done twice.
fn are_one_transaction(calls: impl Iterator<Item = Call>, said: &str) {
    let tokens: BTreeSet<_> =
        calls.filter_map(|call| call.body["ClientRequestToken"].as_str().map(str::to_owned)).collect();
    assert!(tokens.len() <= 1, "{said}: {tokens:?}");
}

/// I6: what was looked at, was counted.
fn no_guess_was_free(
    (story, prepared): (Story, &Prepared),
    run: &Run,
    (before, after): (&Contents, &Contents),
    status: u16,
) {
    let Some((code, budget)) = prepared.guessed(story) else { return };
    let tries = |contents: &Contents| contents.item(&code).and_then(|code| code.number("tries"));
    let wrong = |contents: &Contents| contents.item(&budget).map_or(0, |budget| budget.list("wrongGuesses").len());
    // All that is asked after the count is asked by somebody who knows whether the code is right.
    let looked_at =
        status < 500 || ["Query", "TransactWriteItems", "UpdateItem RATE_LIMIT/RATE_LIMIT"].contains(&run.site);
    let used = tries(after).is_none();
    assert!(!looked_at || used || tries(after) > tries(before), "{story:?}, {run:?}: a free guess");
    let told_wrong = status == 401 && matches!(story, Story::GuessAtEmail | Story::GuessAtSession);
    assert!(!told_wrong || wrong(after) > wrong(before), "{story:?}, {run:?}: a wrong guess that is forgotten");
}
