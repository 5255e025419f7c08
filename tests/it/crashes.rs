//! Functions that die while they handle a request: at every call of DynamoDB, at every await point,
//! and with their whole process. The request then took effect completely or not at all, and a retry
//! succeeds.

mod function;
mod journey;
mod process;

use std::{
    future::poll_fn,
    pin::Pin,
    process::Child,
    task::Poll::{Pending, Ready},
};

use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use shared::{App, Config};

use crate::{
    faults::{
        matrix::{changes_without_faults, with_own_product},
        scenarios::{Prepared, Scenario},
    },
    support::{Answer, Contents, End, Fault, Person, Product, Proxy, counted},
};

/// The number of concurrent products, enough to keep two cores busy.
const MAX_CONCURRENT: usize = 3;

/// A function that handles one event in this process. Dropping the future simulates the death of
/// the function's process.
type Handling = Pin<Box<dyn Future<Output = Answer>>>;

fn handling(product: &Product, scenario: Scenario, event: Box<RawValue>) -> Handling {
    let function = registry::find(scenario.function()).expect("a function");
    let environment = product.stack.environment(function.name).expect("a function");
    let config = Config::from_variables(&|name| environment.get(name).cloned()).expect("its environment");
    let (now, respond) = (product.stack.clock().now(), function.endpoint.expect("an endpoint").respond);
    Box::pin(async move {
        let app = App::new(config);
        let response = respond(&app, now, &event).await;
        Answer::of_function(&serde_json::to_value(&response).expect("JSON"))
    })
}

/// A product on which a scenario runs repeatedly, and the changes that each run makes.
struct Fixture<'a> {
    scenario: Scenario,
    product: &'a Product,
    proxy: &'a Proxy,
    person: Option<Person>,
    expected_changes: Vec<String>,
}

impl Fixture<'_> {
    async fn with_scenario<T: Default>(scenario: Scenario, test: impl AsyncFnOnce(&Fixture<'_>) -> T) -> T {
        let mut result = T::default();
        with_own_product(scenario, async |product, proxy| {
            let person = scenario.begin(product).await;
            let expected_changes = changes_without_faults(scenario, product, proxy, person.as_ref()).await;
            result = test(&Fixture { scenario, product, proxy, person, expected_changes }).await;
        })
        .await;
        result
    }

    async fn prepare(&self) -> (Prepared, Contents) {
        (self.scenario.prepare(self.product, self.person.as_ref()).await, self.product.contents().await)
    }

    fn handling(&self, prepared: &Prepared) -> Handling {
        handling(self.product, self.scenario, prepared.request.event())
    }

    /// Checks, after the function died, that its request took effect completely or not at all, and
    /// that a retry by the client succeeds. Returns whether it took effect.
    async fn assert_recovers(&self, prepared: &Prepared, before: &Contents, context: &str) -> bool {
        let Self { scenario, product, proxy, expected_changes, .. } = self;
        proxy.hang_up().await;
        let after = product.contents().await;
        let changes = after.since(before);
        let done = !expected_changes.is_empty() && changes == *expected_changes;
        assert!(done || changes.is_empty(), "{context}: a partial write: {changes:#?}");
        product.check_invariants_of(&after);
        let again = product.send(prepared.request.for_api(product)).await;
        assert_eq!(
            again.status,
            if done { scenario.repeated_status() } else { scenario.expected_status() },
            "{context}: {}",
            again.body
        );
        scenario.assert_effect(product, prepared, &again).await;
        done
    }
}

/// Runs a test for each of these scenarios on its own product, and returns the total number of
/// deaths.
async fn each_of(scenarios: impl IntoIterator<Item = Scenario>, test: impl AsyncFn(&Fixture<'_>) -> usize) -> usize {
    let run = |scenario| Box::pin(Fixture::with_scenario(scenario, async |fixture| Box::pin(test(fixture)).await));
    let deaths: Vec<_> = stream::iter(scenarios.into_iter().map(run)).buffer_unordered(MAX_CONCURRENT).collect().await;
    deaths.into_iter().sum()
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().expect("the process is running");
        let status = self.0.wait().expect("the process has exited");
        assert!(!status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The function dies before DynamoDB receives a call, or after DynamoDB has executed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_at_a_call_leaves_nothing_half_done() {
    let deaths = each_of(Scenario::ALL, async |fixture| {
        let mut deaths = 0;
        for site in fixture.scenario.calls() {
            for fault in [Fault::Before(End::Silence), Fault::After(End::Silence)] {
                let context = format!("{:?} dies at {site}: {fault:?}", fixture.scenario);
                let (prepared, before) = fixture.prepare().await;
                fixture.proxy.set_trap(site, fault, 1);
                tokio::select! {
                    response = fixture.handling(&prepared) => panic!("{context}: responded {response:?}"),
                    () = fixture.proxy.silence() => {}
                }
                assert_eq!(fixture.proxy.take_trap().len(), 1);
                let done = fixture.assert_recovers(&prepared, &before, &context).await;
                let reached = matches!(fault, Fault::After(_));
                assert_eq!(done, reached && *site == "TransactWriteItems", "{context}");
                deaths += 1;
            }
        }
        deaths
    })
    .await;
    counted(format_args!("{deaths} handlers dropped at a call"));
}

/// The future is dropped after each number of polls, so at every await point.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_at_an_await_point_leaves_nothing_half_done() {
    let deaths = each_of(Scenario::ALL, async |fixture| {
        let (mut polls, mut deaths) = (0, 0);
        loop {
            let context = format!("{:?} dies after {polls} polls", fixture.scenario);
            let (prepared, before) = fixture.prepare().await;
            if let Some(response) = polled(fixture.handling(&prepared), polls).await {
                assert_eq!(response.status, fixture.scenario.expected_status(), "{context}: {}", response.body);
                fixture.assert_recovers(&prepared, &before, &context).await;
                return deaths;
            }
            fixture.assert_recovers(&prepared, &before, &context).await;
            deaths += 1;
            // A busy machine needs more polls, with less progress between them.
            polls += 1 + polls / 8;
        }
    })
    .await;
    // A single handler may never be seen waiting: on a busy machine, DynamoDB's response can arrive
    // before the first poll for it.
    assert!(deaths >= 3 * Scenario::ALL.len(), "{deaths}");
    counted(format_args!("{deaths} handlers dropped at an await point"));
}

/// Polls a future at most this many times, and then drops it.
async fn polled(mut handling: Handling, polls: usize) -> Option<Answer> {
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Ready(None);
        }
        left -= 1;
        match handling.as_mut().poll(context) {
            Ready(response) => Ready(Some(response)),
            Pending if left == 0 => Ready(None),
            Pending => Pending,
        }
    })
    .await
}
