//! The calls that each function makes, and the kinds of items that it writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{PAGE, kinds};
use crate::{
    faults::{matrix::with_own_product, scenarios::Scenario},
    fixtures,
    support::{
        Call, Product, Proxy, Settings,
        markdown::{section, table},
        product_with,
    },
};

/// The functions that were seen to write each kind of item.
type Writers = BTreeMap<&'static str, BTreeSet<String>>;

fn record(writers: &mut Writers, function: &str, calls: &[Call]) {
    let kinds = kinds();
    for (pk, sk) in calls.iter().flat_map(written) {
        let kind = kinds
            .iter()
            .find(|kind| kind.matches(&pk, &sk))
            .unwrap_or_else(|| panic!("the page has no kind of item with the key {pk}, {sk}"));
        writers.entry(kind.name).or_default().insert(function.to_owned());
    }
}

/// The keys that a call writes, or checks in a condition of its transaction.
fn written(call: &Call) -> Vec<(String, String)> {
    let key = |item: &Value| {
        let text = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
        (text("pk"), text("sk"))
    };
    match call.operation.as_str() {
        "UpdateItem" => vec![key(&call.body["Key"])],
        "TransactWriteItems" => {
            let key_of = |part: &Value| key(part.get("Key").unwrap_or(&part["Item"]));
            call.parts().into_iter().map(|(_, part)| key_of(part)).collect()
        }
        _ => Vec::new(),
    }
}

/// Every fault test asserts that an endpoint makes the calls in the registry.
#[test]
fn the_page_lists_the_calls_in_the_registry() {
    let operation = |call: &&str| call.split(' ').next().expect("an operation").to_owned();
    let with_calls = registry::FUNCTIONS.iter().filter(|function| !function.cost.calls.is_empty());
    let calls = with_calls.map(|function| {
        let calls: Vec<_> = function.cost.calls.iter().map(operation).collect();
        (function.name.to_owned(), calls)
    });
    assert_eq!(calls.collect::<BTreeMap<_, _>>(), documented_calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_item_is_written_by_the_functions_that_the_page_lists() {
    let mut writers = Writers::new();
    for scenario in Scenario::ALL {
        Box::pin(with_own_product(scenario, async |product, proxy| {
            let person = scenario.begin(product).await;
            let prepared = scenario.prepare(product, person.as_ref()).await;
            let (response, calls) = product.watch(proxy, prepared.request.for_api(product)).await;
            assert_eq!(response.status, scenario.expected_status(), "{scenario:?}: {}", response.body);
            record(&mut writers, scenario.function(), &calls);
        }))
        .await;
    }
    let proxy = Proxy::start().await;
    let settings = Settings { parameters: Settings::with_mail_for_all().parameters, ..Settings::through(&proxy) };
    product_with(settings, async |product| {
        proxy.lead_to(product);
        sending_emails(product, &proxy, &mut writers).await;
        fixtures::invoke(product, "handle-mail-event", "hard-bounce").await;
        record(&mut writers, "handle-mail-event", &proxy.take_calls());
    })
    .await;
    assert_eq!(writers, documented_writers(&registry::FUNCTIONS.map(|function| function.name.to_owned()).into()));
}

/// Records what the senders write, by the leases in all calls, and asserts its calls in the
/// registry.
async fn sending_emails(product: &Product, proxy: &Proxy, writers: &mut Writers) {
    let john = product.sign_up("john@work.example", "johny").await;
    product.stack.delivered().await;
    proxy.take_calls();
    product.ask_to_sign_in("john@work.example").await.expect(202);
    product.stack.delivered().await;
    let calls = proxy.take_calls();
    let mut sites: Vec<_> = calls.iter().map(Call::site).collect();
    sites.sort();
    let cost_of = |function: &str| registry::find(function).expect("a function").cost;
    let endpoint = Scenario::CreateSession.function();
    // This stack has no rate limit for a source.
    let endpoint_calls = cost_of(endpoint).calls.iter().filter(|call| !call.ends_with("/HOUR"));
    let mut expected: Vec<_> = endpoint_calls.chain(cost_of("send-mail").calls).copied().collect();
    expected.sort_unstable();
    assert_eq!(sites, expected);

    let leases = |call: &Call| call.body.to_string().contains("#leasedUntil");
    let leasing_calls = |calls: Vec<Call>| calls.into_iter().filter(leases).collect::<Vec<_>>();
    record(writers, "send-mail", &leasing_calls(calls));
    product.add_email(&john, "john@home.example").await;
    product.stack.delivered().await;
    let calls = proxy.take_calls().into_iter().filter(|call| call.key().starts_with("NOTICE#"));
    let calls = leasing_calls(calls.collect());
    let sites: Vec<_> = calls.iter().map(Call::site).collect();
    let updates = cost_of("send-notices").calls.iter().filter(|call| call.starts_with("UpdateItem"));
    assert_eq!(sites, updates.copied().collect::<Vec<_>>());
    record(writers, "send-notices", &calls);
}

fn documented_calls() -> BTreeMap<String, Vec<String>> {
    let rows = table(section(PAGE, "## Access patterns"), "| function | calls |");
    let sorted = |calls: &str| {
        let mut calls: Vec<_> = calls.split([',', '∥']).map(|call| call.trim().to_owned()).collect();
        calls.sort();
        calls
    };
    rows.into_iter().map(|row| (row[0].clone(), sorted(&row[1]))).collect()
}

/// The functions that the page names as writers of each kind.
fn documented_writers(functions: &BTreeSet<String>) -> BTreeMap<&'static str, BTreeSet<String>> {
    let writers = |name: &str| {
        let rows = table(section(PAGE, &format!("### {name}")), "| written by |");
        let words = rows.iter().flat_map(|row| row[0].split([' ', ',', ';'])).map(str::to_owned);
        words.filter(|word| functions.contains(word)).collect()
    };
    kinds().into_iter().map(|kind| (kind.name, writers(kind.name))).collect()
}
