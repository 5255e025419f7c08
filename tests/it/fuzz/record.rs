//! Batches of the table's stream, for the functions that send emails: no record, whatever its
//! contents, prevents the email of the next one.

use proptest::{prelude::*, sample::select};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use uuid::Uuid;

use super::{
    mutation::{Mutation, mutation, value},
    run,
};
use crate::{
    fixtures::{self, world},
    support::{EmailKind, Product, log_lines, product_with},
};

const OWNER: &str = "john@doe.net";

/// The functions, each with an event that causes an email of this kind to [`OWNER`].
const SENDERS: [(&str, &str, EmailKind); 2] =
    [("send-mail", "sign-in-code", EmailKind::Code), ("send-notices", "address-verified", EmailKind::AddressVerified)];

/// Returns the record of an event with another ID and nonce, which is new to its function.
async fn next_record(product: &Product, function: &str, case: &str) -> Value {
    let mut batch: Value = serde_json::from_str(&fixtures::read(function, case)).expect("JSON");
    let id = batch["Records"][0]["dynamodb"]["Keys"]["pk"]["S"].as_str().expect("a key").to_owned();
    let id = id.split_once('#').expect("a kind").1;
    let text = batch["Records"][0].take().to_string().replace(id, &Uuid::new_v4().to_string());
    let mut record: Value = serde_json::from_str(&text).expect("JSON");
    let change = &mut record["dynamodb"];
    change["SequenceNumber"] = json!("9");
    if change["NewImage"]["nonce"].is_object() {
        change["NewImage"]["nonce"] = json!({"S": Uuid::new_v4().simple().to_string()});
    }
    fixtures::store_unmailed(product, &change["NewImage"]).await;
    record
}

/// A record with a mutation, or any value.
#[derive(Clone, Debug)]
enum Poison {
    Mutated(Value, Mutation),
    Anything(Value),
}

impl Poison {
    fn text(&self) -> String {
        match self {
            Self::Mutated(record, mutation) => mutation.of(record),
            Self::Anything(value) => value.to_string(),
        }
    }
}

fn poison(function: &'static str) -> impl Strategy<Value = Poison> {
    let batches = fixtures::of(function).iter().map(|(case, _)| fixtures::read(function, case));
    let batches = batches.map(|batch| serde_json::from_str::<Value>(&batch).expect("JSON"));
    let records: Vec<_> = batches.flat_map(|batch| batch["Records"].as_array().cloned().unwrap_or_default()).collect();
    let mutated = (select(records), mutation()).prop_map(|(record, mutation)| Poison::Mutated(record, mutation));
    prop_oneof![4 => mutated, 1 => value().prop_map(Poison::Anything)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_skipped_and_the_next_one_mailed() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        for (function, case, kind) in SENDERS {
            run(&poison(function), async |poison| {
                let next = next_record(product, function, case).await;
                let before = product.emails_to(OWNER).await.len();
                let batch = format!("{{\"Records\":[{},{next}]}}", poison.text());
                let event = RawValue::from_string(batch).expect("JSON");
                let returned = product.stack.invoke(function, &event).await.expect("a response");
                assert_eq!(returned.get(), r#"{"batchItemFailures":[]}"#);
                let sent = product.emails_to(OWNER).await.split_off(before);
                let sent = sent.iter().filter(|mail| EmailKind::of(mail) == kind).count();
                assert_eq!(sent, 1, "emails of the record after the poison");
            });
        }
        assert!(!log_lines().iter().any(|line| line.contains("retried: a panic")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_a_batch_is_retried_or_sends_no_email() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        run(&value(), async |anything| {
            let event = to_raw_value(&anything).expect("JSON");
            for (function, ..) in SENDERS {
                let returned = product.stack.invoke(function, &event).await.expect("a response");
                // An array is parsed as a batch by position, which Lambda never sends, and leaves
                // nothing to retry.
                let answers = [r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, r#"{"batchItemFailures":[]}"#];
                assert_eq!(
                    returned.get(),
                    answers[usize::from(anything.is_array() && returned.get() == answers[1])],
                    "{anything}"
                );
            }
            assert!(product.sent_emails().await.is_empty());
        });
    })
    .await;
}
