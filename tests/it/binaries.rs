//! The very binaries that `sam deploy` would upload, under AWS's own Runtime Interface Emulator: every event of `events/`, and what
//! can go wrong around a function. `.ci/binaries` builds them and runs this; without the feature `binaries` nothing of it is here.

mod emulator;
mod failures;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    fixtures::{self, EVENTS, Expected, world},
    support::{Product, product_with},
    template::{Template, WITHOUT_A_ROUTE},
};
use emulator::Binary;

/// As many emulators at once as keep two cores busy.
const AT_ONCE: usize = 3;

/// An answer without what differs from one run to the next: its IDs, and the one in its header.
fn redacted(product: &Product, mut answer: Value) -> Value {
    let body = answer["body"].as_str().expect("a body");
    answer["body"] = product.redacted(&serde_json::from_str(body).expect("JSON"));
    for headers in ["headers", "multiValueHeaders"] {
        if let Some(id) = answer[headers].get_mut("x-error-id") {
            *id = json!("[ID]");
        }
    }
    answer
}

/// What the events of one world are answered by the function, redacted: here in this process, or by its binary.
async fn answers(function: &str, cases: &[&str], by_binary: bool) -> Vec<Value> {
    let mut answers = Vec::new();
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        let binary = if by_binary { Some(Binary::start(product, function, &[]).await) } else { None };
        for case in cases {
            let answer = match &binary {
                None => serde_json::from_str(fixtures::invoke(product, function, case).await.get()).expect("JSON"),
                Some(binary) => binary.invoke(&fixtures::read(function, case)).await,
            };
            answers.push(redacted(product, answer));
        }
        if let Some(binary) = binary {
            binary.lives_on();
        }
    })
    .await;
    answers
}

/// What `send-mail` says of a batch, and the mails that it sent: whom to, and their subjects, which hold the codes.
async fn mailed(case: &str, by_binary: bool) -> Value {
    let mut mailed = Value::Null;
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        fixtures::store_items_of(product, case).await;
        let said = if by_binary {
            let binary = Binary::start(product, "send-mail", &[]).await;
            let said = binary.invoke(&fixtures::read("send-mail", case)).await;
            binary.lives_on();
            said
        } else {
            serde_json::from_str(fixtures::invoke(product, "send-mail", case).await.get()).expect("JSON")
        };
        let mails = product.mails().await;
        let mails: Vec<_> = mails.iter().map(|mail| json!([mail.to, mail.subject])).collect();
        mailed = json!({"said": said, "mails": mails});
    })
    .await;
    mailed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_answered_by_the_binary_as_in_process() {
    let endpoints = EVENTS.iter().filter(|(function, _)| !WITHOUT_A_ROUTE.contains(function));
    let worlds = endpoints
        .clone()
        .flat_map(|(function, _)| fixtures::by_world(function).into_iter().map(move |world| (*function, world)));
    let compare = async |(function, events): (&str, Vec<&(&str, _)>)| {
        let cases: Vec<_> = events.iter().map(|(case, _)| *case).collect();
        let expected = answers(function, &cases, false).await;
        let given = answers(function, &cases, true).await;
        for ((case, given), expected) in cases.iter().zip(given).zip(expected) {
            assert_eq!(given, expected, "{function}/{case}");
        }
        cases.len()
    };
    let counts: Vec<_> = stream::iter(worlds).map(compare).buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(counts.iter().sum::<usize>(), endpoints.map(|(_, cases)| cases.len()).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_batch_is_mailed_by_the_binary_as_in_process() {
    let compare = async |case: &'static str| {
        let (expected, given) = (mailed(case, false).await, mailed(case, true).await);
        assert_eq!(given, expected, "send-mail/{case}");
    };
    let cases = fixtures::of("send-mail").iter().map(|(case, _)| *case);
    stream::iter(cases).map(compare).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bounce_and_complaint_is_remembered_by_the_binary_as_in_process() {
    let function = "handle-mail-event";
    for (case, expected) in fixtures::of(function) {
        product_with(world::settings(), async |product| {
            let binary = Binary::start(product, function, &[]).await;
            assert_eq!(binary.invoke(&fixtures::read(function, case)).await, Value::Null, "{case}");
            binary.lives_on();
            let by_binary = fixtures::suppressions(product).await;
            assert_eq!(by_binary.len(), usize::from(matches!(expected, Expected::Suppressed(..))), "{case}");
            fixtures::invoke(product, function, case).await;
            assert_eq!(by_binary, fixtures::suppressions(product).await, "{case}");
        })
        .await;
    }
}

#[test]
fn every_function_was_built_for_the_machine_that_it_is_to_run_on() {
    for function in Template::read().functions() {
        assert!(Binary::is_for_arm(function.name), "{}", function.name);
    }
}
