//! Records that can never be sent, at every position of a batch of ten. The other nine emails are
//! sent once.

use serde_json::{Value, json};

use super::{assert_sent, deliver, mark_unsent, once, only_to, records, sequence_number, waiting, with_faults};
use crate::support::{End, Fault, counted, product, with};

/// Replaces the record at each of ten positions by a poisoned one.
async fn at_every_position(poison: impl Fn(Value) -> Value) {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        for position in 0..10 {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            let mut batch = records(&waiting);
            batch[position] = poison(batch[position].take());
            for _ in 0..2 {
                assert_eq!(deliver(product, &batch).await, None, "{}", batch[position]);
                assert_sent(product, before, once(&waiting[..position]).chain(once(&waiting[position + 1..])));
            }
        }
    })
    .await;
    counted(format_args!("a kind of poison at each of 10 positions"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_record_does_not_delay_other_emails() {
    at_every_position(|_| json!(7)).await;
    at_every_position(|_| json!({"dynamodb": {"SequenceNumber": sequence_number(99)}})).await;
    at_every_position(|record| with(&record, "/dynamodb/Keys", json!("pk"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_item_does_not_delay_other_emails() {
    for (member, value) in [
        ("/dynamodb/NewImage", json!(null)),
        ("/dynamodb/NewImage", json!({"pk": {"X": "CODE#"}})),
        ("/dynamodb/NewImage/purpose/S", json!("somethingNew")),
        ("/dynamodb/NewImage/address", json!({"N": "7"})),
        ("/dynamodb/NewImage/expiresAt/N", json!("soon")),
    ] {
        at_every_position(|record| with(&record, member, value.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_ses_rejects_does_not_delay_others() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 10).await;
        for position in 0..10 {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            ses.decide(only_to(&waiting[position].address, Fault::Before(End::Error(400, "BadRequestException"))));
            assert_eq!(deliver(product, &records(&waiting)).await, None);
            // The email is given up, even if SES would accept it later.
            ses.mend();
            assert_eq!(deliver(product, &records(&waiting)).await, None);
            assert_sent(product, before, once(&waiting[..position]).chain(once(&waiting[position + 1..])));
        }
    })
    .await;
    counted(format_args!("an email that SES rejects at each of 10 positions"));
}
