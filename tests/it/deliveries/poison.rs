//! Records that can never be mailed, at every place of a batch of ten: the other nine are mailed, once.

use serde_json::{Value, json};

use super::{assert_mailed, deliver, once, only_to, records, sequence_number, unmail, waiting, with_faults};
use crate::support::{End, Fault, counted, product};

/// Tries a kind of poison at each of ten places.
async fn at_every_place(poison: impl Fn(Value) -> Value) {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        for place in 0..10 {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            let mut batch = records(&waiting);
            batch[place] = poison(batch[place].take());
            for _ in 0..2 {
                assert_eq!(deliver(product, &batch).await, None, "{}", batch[place]);
                assert_mailed(product, before, once(&waiting[..place]).chain(once(&waiting[place + 1..])));
            }
        }
    })
    .await;
    counted(format_args!("a kind of poison at each of 10 places"));
}

/// A record with another member; without it, for `null`.
fn with(mut record: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = record.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    if value.is_null() {
        parent.remove(name)
    } else {
        parent.insert(name.to_owned(), value)
    };
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_none_holds_nobody_s_mail_up() {
    at_every_place(|_| json!(7)).await;
    at_every_place(|_| json!({"dynamodb": {"SequenceNumber": sequence_number(99)}})).await;
    at_every_place(|record| with(record, "/dynamodb/Keys", json!("pk"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_cannot_be_read_holds_nobody_s_mail_up() {
    for (member, value) in [
        ("/dynamodb/NewImage", json!(null)),
        ("/dynamodb/NewImage", json!({"pk": {"X": "CODE#"}})),
        ("/dynamodb/NewImage/purpose/S", json!("somethingNew")),
        ("/dynamodb/NewImage/address/S", json!("victim@doe.net\r\nBcc: evil@doe.net")),
        ("/dynamodb/NewImage/expiresAt/N", json!("soon")),
    ] {
        at_every_place(|record| with(record, member, value.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_ses_refuses_holds_nobody_s_mail_up() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 10).await;
        for place in 0..10 {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            ses.decide(only_to(&waiting[place].address, Fault::Before(End::Error(400, "MessageRejected"))));
            assert_eq!(deliver(product, &records(&waiting)).await, None);
            // It is given up: not even SES's change of mind brings it back.
            ses.mend();
            assert_eq!(deliver(product, &records(&waiting)).await, None);
            assert_mailed(product, before, once(&waiting[..place]).chain(once(&waiting[place + 1..])));
        }
    })
    .await;
    counted(format_args!("a mail that SES refuses at each of 10 places"));
}
