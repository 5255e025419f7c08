//! Tests of the binaries that `sam deploy` uploads, under AWS's Runtime Interface Emulator: every
//! event of `events/`, its variants, and failures around a function. `.ci/binaries` builds the
//! binaries and runs these tests; they are compiled only with the feature `binaries`.

mod emulator;
mod failures;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    fixtures::{self, EVENTS, Expected, world},
    support::{Product, product_with},
    template::{SENDERS, Template, WITHOUT_A_ROUTE},
};
use emulator::Binary;

/// The number of concurrent emulators, enough to keep two cores busy.
const MAX_CONCURRENT: usize = 3;

/// Replaces what differs between runs in a response: the IDs in its body and its header.
fn redacted(product: &Product, mut response: Value) -> Value {
    let body = response["body"].as_str().expect("a body");
    response["body"] = product.redacted(&serde_json::from_str(body).expect("JSON"));
    for headers in ["headers", "multiValueHeaders"] {
        if let Some(id) = response[headers].get_mut("x-error-id") {
            *id = json!("[ID]");
        }
    }
    response
}

/// Returns the redacted responses of a function to the events of one world, from this process or
/// from its binary.
async fn responses(function: &str, cases: &[&str], by_binary: bool) -> Vec<Value> {
    let mut responses = Vec::new();
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        let binary = if by_binary { Some(Binary::start(product, function, &[]).await) } else { None };
        for case in cases {
            let response = match &binary {
                None => serde_json::from_str(fixtures::invoke(product, function, case).await.get()).expect("JSON"),
                Some(binary) => binary.invoke(&fixtures::read(function, case)).await,
            };
            responses.push(redacted(product, response));
        }
        if let Some(binary) = binary {
            binary.assert_never_restarted();
        }
    })
    .await;
    responses
}

/// Returns the output of a sender for a batch, and the recipients and subjects of the emails
/// that it sent. The subjects contain the codes.
async fn sent(function: &str, case: &str, by_binary: bool) -> Value {
    let mut sent = Value::Null;
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        fixtures::store_items_of(product, function, case).await;
        let output = if by_binary {
            let binary = Binary::start(product, function, &[]).await;
            let output = binary.invoke(&fixtures::read(function, case)).await;
            binary.assert_never_restarted();
            output
        } else {
            serde_json::from_str(fixtures::invoke(product, function, case).await.get()).expect("JSON")
        };
        let emails = product.sent_emails().await;
        let emails: Vec<_> = emails.iter().map(|email| json!([email.to, email.subject])).collect();
        sent = json!({"output": output, "emails": emails});
    })
    .await;
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn binaries_respond_to_every_event_as_in_process() {
    let endpoints = EVENTS.iter().filter(|(function, _)| !WITHOUT_A_ROUTE.contains(function));
    let worlds = endpoints
        .clone()
        .flat_map(|(function, _)| fixtures::by_world(function).into_iter().map(move |world| (*function, world)));
    let compare = async |(function, events): (&str, Vec<&(&str, _)>)| {
        let cases: Vec<_> = events.iter().map(|(case, _)| *case).collect();
        let expected = responses(function, &cases, false).await;
        let actual = responses(function, &cases, true).await;
        for ((case, actual), expected) in cases.iter().zip(actual).zip(expected) {
            assert_eq!(actual, expected, "{function}/{case}");
        }
        cases.len()
    };
    let counts: Vec<_> = stream::iter(worlds).map(compare).buffer_unordered(MAX_CONCURRENT).collect().await;
    assert_eq!(counts.iter().sum::<usize>(), endpoints.map(|(_, cases)| cases.len()).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn binaries_send_the_emails_of_every_batch_as_in_process() {
    let compare = async |(function, case): (&'static str, &'static str)| {
        let (expected, actual) = (sent(function, case, false).await, sent(function, case, true).await);
        assert_eq!(actual, expected, "{function}/{case}");
    };
    let cases = SENDERS.iter().flat_map(|function| fixtures::of(function).iter().map(|(case, _)| (*function, *case)));
    stream::iter(cases).map(compare).buffer_unordered(MAX_CONCURRENT).collect::<Vec<_>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_records_bounces_and_complaints_as_in_process() {
    let function = "handle-mail-event";
    for (case, expected) in fixtures::of(function) {
        product_with(world::settings(), async |product| {
            let binary = Binary::start(product, function, &[]).await;
            assert_eq!(binary.invoke(&fixtures::read(function, case)).await, Value::Null, "{case}");
            binary.assert_never_restarted();
            let by_binary = fixtures::suppressions(product).await;
            assert_eq!(by_binary.len(), usize::from(matches!(expected, Expected::Suppressed(..))), "{case}");
            fixtures::invoke(product, function, case).await;
            assert_eq!(by_binary, fixtures::suppressions(product).await, "{case}");
        })
        .await;
    }
}

#[test]
fn every_function_is_built_for_the_architecture_of_the_template() {
    for function in Template::read().functions() {
        assert!(Binary::is_for_arm(function.name), "{}", function.name);
    }
}
