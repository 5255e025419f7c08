//! Batches of the table's stream, for send-mail: whatever one record holds, the mail of the next one goes out.

use proptest::{prelude::*, sample::select};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use shared::NoticeId;

use super::{
    mutation::{Mutation, mutation, value},
    run,
};
use crate::{
    fixtures::{self, world},
    support::{Letter, Product, log_lines, product_with},
};

const OWNER: &str = "john@doe.net";

/// A record that send-mail has not seen yet; its mail goes to [`OWNER`].
async fn next_notice(product: &Product) -> Value {
    let (now, id) = (product.stack.clock().now().seconds(), NoticeId::generate());
    let key = format!("NOTICE#{id}");
    let row = json!({
        "pk": key, "sk": "NOTICE", "noticeID": id, "to": OWNER, "event": "addressRemoved", "address": "john@example.com",
        "ip": "203.0.113.7", "userAgent": "curl/8.14.1", "createdAt": now, "expiresAt": now + 600,
    });
    fixtures::store_unmailed(product, row.clone()).await;
    let image: Value =
        row.as_object().expect("an item").iter().map(|(name, value)| (name.clone(), typed(value))).collect();
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

/// A record to be spoilt, and how; or anything.
#[derive(Clone, Debug)]
enum Poison {
    Spoilt(Value, Mutation),
    Anything(Value),
}

impl Poison {
    fn text(&self) -> String {
        match self {
            Self::Spoilt(record, mutation) => mutation.of(record),
            Self::Anything(value) => value.to_string(),
        }
    }
}

fn poison() -> impl Strategy<Value = Poison> {
    let batches = fixtures::of("send-mail").iter().map(|(case, _)| fixtures::read("send-mail", case));
    let batches = batches.map(|batch| serde_json::from_str::<Value>(&batch).expect("JSON"));
    let records: Vec<_> = batches.flat_map(|batch| batch["Records"].as_array().cloned().unwrap_or_default()).collect();
    let spoilt = (select(records), mutation()).prop_map(|(record, mutation)| Poison::Spoilt(record, mutation));
    prop_oneof![4 => spoilt, 1 => value().prop_map(Poison::Anything)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_passed_over_and_the_next_one_mailed() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        run(&poison(), async |poison| {
            let next = next_notice(product).await;
            let before = product.mails_to(OWNER).await.len();
            let batch = format!("{{\"Records\":[{},{next}]}}", poison.text());
            let event = RawValue::from_string(batch).expect("JSON");
            let returned = product.stack.invoke("send-mail", &event).await.expect("an answer");
            assert_eq!(returned.get(), r#"{"batchItemFailures":[]}"#);
            let mails = product.mails_to(OWNER).await.split_off(before);
            let told = mails.iter().filter(|mail| Letter::of(mail) == Letter::AddressRemoved).count();
            assert_eq!(told, 1, "mails of the record behind the poison");
        });
        assert!(!log_lines().iter().any(|line| line.contains("undeliverable: a panic")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_batch_of_a_stream_comes_again_as_a_whole_or_mails_nothing() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        run(&value(), async |anything| {
            let event = to_raw_value(&anything).expect("JSON");
            let returned = product.stack.invoke("send-mail", &event).await.expect("an answer");
            // An array is read as a batch by position, which Lambda never sends; there is nothing to bring again then.
            let answers = [r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, r#"{"batchItemFailures":[]}"#];
            assert_eq!(
                returned.get(),
                answers[usize::from(anything.is_array() && returned.get() == answers[1])],
                "{anything}"
            );
            assert!(product.mails().await.is_empty());
        });
    })
    .await;
}
