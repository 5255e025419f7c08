//! Batches of the table's stream, for send-mail: no record, whatever its contents, prevents the
//! email of the next one.

use proptest::{prelude::*, sample::select};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use shared::{NoticeId, UserId};

use super::{
    mutation::{Mutation, mutation, value},
    run,
};
use crate::{
    fixtures::{self, world},
    support::{EmailKind, Product, log_lines, product_with},
};

const OWNER: &str = "john@doe.net";

/// Returns a record that is new to send-mail and causes an email to [`OWNER`].
async fn next_notice(product: &Product) -> Value {
    let (now, id) = (product.stack.clock().now().seconds(), NoticeId::generate());
    let key = format!("NOTICE#{id}");
    let item = json!({
        "pk": key, "sk": "NOTICE", "noticeID": id, "userID": UserId::generate(), "to": OWNER, "event": "addressRemoved", "address": "john@example.com",
        "ip": "203.0.113.7", "userAgent": "curl/8.14.1", "createdAt": now, "expiresAt": now + 600,
    });
    fixtures::store_unmailed(product, item.clone()).await;
    let image: Value =
        item.as_object().expect("an item").iter().map(|(name, value)| (name.clone(), typed(value))).collect();
    json!({
        "eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": {"pk": {"S": key}, "sk": {"S": "NOTICE"}}, "NewImage": image, "SequenceNumber": "9", "SizeBytes": 1,
            "StreamViewType": "NEW_IMAGE",
        },
    })
}

fn typed(value: &Value) -> Value {
    if value.is_number() { json!({"N": value.to_string()}) } else { json!({"S": value}) }
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

fn poison() -> impl Strategy<Value = Poison> {
    let batches = fixtures::of("send-mail").iter().map(|(case, _)| fixtures::read("send-mail", case));
    let batches = batches.map(|batch| serde_json::from_str::<Value>(&batch).expect("JSON"));
    let records: Vec<_> = batches.flat_map(|batch| batch["Records"].as_array().cloned().unwrap_or_default()).collect();
    let mutated = (select(records), mutation()).prop_map(|(record, mutation)| Poison::Mutated(record, mutation));
    prop_oneof![4 => mutated, 1 => value().prop_map(Poison::Anything)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_skipped_and_the_next_one_mailed() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        run(&poison(), async |poison| {
            let next = next_notice(product).await;
            let before = product.emails_to(OWNER).await.len();
            let batch = format!("{{\"Records\":[{},{next}]}}", poison.text());
            let event = RawValue::from_string(batch).expect("JSON");
            let returned = product.stack.invoke("send-mail", &event).await.expect("a response");
            assert_eq!(returned.get(), r#"{"batchItemFailures":[]}"#);
            let sent = product.emails_to(OWNER).await.split_off(before);
            let notices = sent.iter().filter(|mail| EmailKind::of(mail) == EmailKind::AddressRemoved).count();
            assert_eq!(notices, 1, "emails of the record after the poison");
        });
        assert!(!log_lines().iter().any(|line| line.contains("undeliverable: a panic")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_a_batch_is_retried_or_sends_no_email() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        run(&value(), async |anything| {
            let event = to_raw_value(&anything).expect("JSON");
            let returned = product.stack.invoke("send-mail", &event).await.expect("a response");
            // An array is parsed as a batch by position, which Lambda never sends, and leaves
            // nothing to retry.
            let answers = [r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, r#"{"batchItemFailures":[]}"#];
            assert_eq!(
                returned.get(),
                answers[usize::from(anything.is_array() && returned.get() == answers[1])],
                "{anything}"
            );
            assert!(product.sent_emails().await.is_empty());
        });
    })
    .await;
}
