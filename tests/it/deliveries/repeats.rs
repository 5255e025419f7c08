//! The stream delivers records at least once, and not always in order.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    Waiting, assert_sent, deliver, deliver_until_done, forget_mark, image_of, mark_unsent, once, only_to, record,
    records, sent_codes, waiting, with_faults,
};
use crate::support::{EmailKind, End, Fault, Requested, Settings, log_lines, product, product_with};

const PAUSED: Fault = Fault::Before(End::Error(400, "SendingPausedException"));

#[tokio::test(flavor = "multi_thread")]
async fn a_record_repeated_in_a_batch_sends_one_email() {
    product(async |product| {
        let waiting = waiting(product, 3).await;
        let before = product.sent_emails().await.len();
        let positions = [0, 1, 0, 2, 1, 0, 2, 2, 1];
        let batch: Vec<_> = positions.iter().enumerate().map(|(at, one)| record(&waiting[*one].image, at)).collect();
        assert_eq!(deliver(product, &batch).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_redelivered_in_any_order_is_sent_once() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        let before = product.sent_emails().await.len();
        let mut batch = records(&waiting);
        for turn in 0..8 {
            assert_eq!(deliver(product, &batch).await, None);
            assert_sent(product, before, once(&waiting));
            batch.rotate_left(3);
            if turn % 2 == 0 {
                batch.reverse();
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_half_of_a_batch_may_arrive_first() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        let before = product.sent_emails().await.len();
        let batch = records(&waiting);
        assert_eq!(deliver(product, &batch[5..]).await, None);
        assert_sent(product, before, once(&waiting[5..]));
        assert_eq!(deliver(product, &batch[..7]).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

/// This happens when an invocation that timed out and its successor process the same records.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_delivered_eight_times_concurrently_is_sent_once() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        for round in 0..4 {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            let deliveries = (0..8).map(async |turn| {
                let mut batch = records(&waiting);
                batch.rotate_left(if round % 2 == 0 { 0 } else { turn });
                let again = deliver(product, &batch).await;
                again.map_or(Vec::new(), |position| batch.split_off(position))
            });
            let left = join_all(deliveries).await;
            // An invocation that found a leased email has its record retried, which then has no
            // effect.
            for batch in left {
                deliver_until_done(product, &batch).await;
            }
            assert_sent(product, before, once(&waiting));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_record_delays_no_other_and_only_it_is_sent_later() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 10).await;
        let batch = records(&waiting);
        for position in 0..10 {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            ses.decide(only_to(&waiting[position].address, PAUSED));
            // The response names the failed record: Lambda retries it and all that follow, although
            // those were sent.
            assert_eq!(deliver(product, &batch).await, Some(position));
            assert_sent(product, before, once(&waiting[..position]).chain(once(&waiting[position + 1..])));
            ses.mend();
            // Lambda may also retry some records before it.
            let from = position.saturating_sub(2);
            assert_eq!(deliver(product, &batch[from..]).await, None);
            assert_sent(product, before, once(&waiting));
            assert_eq!(deliver(product, &batch).await, None);
            assert_sent(product, before, once(&waiting));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_failed_records_the_first_is_reported() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 5).await;
        let batch = records(&waiting);
        let before = product.sent_emails().await.len();
        let failing = [1, 3].map(|position| only_to(&waiting[position].address, PAUSED));
        ses.decide(move |call| failing.iter().find_map(|fails| fails(call)));
        assert_eq!(deliver(product, &batch).await, Some(1));
        assert_sent(product, before, waiting.iter().zip([1, 0, 1, 0, 1]));
        ses.mend();
        assert_eq!(deliver(product, &batch[1..]).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

/// Changed items and items that TTL deletes cause no email.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_changes_and_deletions_send_nothing() {
    product(async |product| {
        let waiting = waiting(product, 2).await;
        let before = product.sent_emails().await.len();
        let (mut changed, mut removed) = (records(&waiting), records(&waiting));
        for record in &mut changed {
            record["eventName"] = json!("MODIFY");
        }
        for record in &mut removed {
            record["eventName"] = json!("REMOVE");
            record["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
            let change = record["dynamodb"].as_object_mut().expect("the record of a change");
            let image = change.remove("NewImage").expect("an image");
            change.insert("OldImage".to_owned(), image);
        }
        assert_eq!(deliver(product, &changed).await, None);
        assert_eq!(deliver(product, &removed).await, None);
        assert_sent(product, before, []);
        // The same with records of the stream itself: all items expire and are deleted.
        product.pass(Duration::from_hours(48));
        assert!(product.stack.sweep().await.expect("a sweep") >= 2);
        assert_eq!(product.sent_emails().await.len(), before);
        // A record that arrives after its item was deleted sends nothing.
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_sent(product, before, []);
    })
    .await;
}

/// The item of a used code is deleted, but its record may still arrive before the code's expiry.
#[tokio::test(flavor = "multi_thread")]
async fn a_used_code_is_not_sent_again() {
    product(async |product| {
        let waiting = waiting(product, 3).await;
        let before = product.sent_emails().await.len();
        assert_eq!(deliver(product, &records(&waiting)[1..2]).await, None);
        let used = &waiting[1];
        product.verify_session(&used.requested.id, &used.code).await.acknowledged();
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

/// A code that expires while its record waits is dropped. The records after it are not.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_not_sent() {
    product(async |product| {
        let mut late = waiting(product, 1).await;
        product.pass(Duration::from_mins(10));
        let (requested, code) = product.sign_up_code("jane@doe.net", "jane").await;
        product.sent_emails().await;
        let items = product.items().await;
        let image = items
            .iter()
            .find(|item| item.text("verificationCodeID") == requested.id)
            .expect("the verification")
            .image();
        late.push(Waiting { address: "jane@doe.net".to_owned(), requested, code, image });
        mark_unsent(product, &late[1..]).await;
        let before = product.sent_emails().await.len();
        assert_eq!(deliver(product, &records(&late)).await, None);
        assert_sent(product, before, once(&late[1..]));
        assert!(log_lines().iter().any(|line| line.contains("dropped") && line.contains("metric=\"MailsDropped\"")));
    })
    .await;
}

/// An email is delivered again, because SES's response was lost, after the address moved to another
/// account. The same email is sent, and its code and bearer token open neither account.
#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_sign_in_code_never_opens_the_next_owners_account() {
    product_with(Settings::parameter("RecoverySeconds", "60"), async |product| {
        let desk = "desk@office.example";
        let john = product.sign_up("john@doe.net", "johny").await;
        let entry = product.add_email(&john, desk).await;
        product.pass(Duration::from_mins(5));
        let (requested, code) = product.sign_in_code(desk).await;
        let batch = [record(&image_of(product, &requested.id).await.expect("a verification"), 0)];
        product.delete_email(&john, &entry).await.acknowledged();
        product.pass(Duration::from_mins(1));
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.add_email(&jane, desk).await;
        forget_mark(product, &requested.id).await;

        let before = product.sent_emails().await.len();
        assert_eq!(deliver(product, &batch).await, None);
        assert_eq!(sent_codes(product, before), [(desk.to_owned(), vec![code.clone()])].into());
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
        assert_eq!((product.sessions(&john).await.len(), product.sessions(&jane).await.len()), (1, 1));
    })
    .await;
}

/// An email without a code stays without a code, even if a later state of the accounts would allow
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_email_is_the_one_that_was_sent_first() {
    product(async |product| {
        let (known, unknown) = ("john@doe.net", "jane@doe.net");
        let john = product.sign_up(known, "johny").await;
        let mut first = Vec::new();
        for (response, kind, to) in [
            (product.ask_to_sign_in(unknown).await, EmailKind::NoAccount, unknown),
            (product.ask_to_sign_up(known, "another").await, EmailKind::AlreadyRegistered, known),
        ] {
            first.push((Requested::of(&response.expect(202)).id, kind, to));
        }
        let moved = product.add_email(&john, "desk@office.example").await;
        product.prefer(&john, &moved).await.acknowledged();
        let entry = product.email_id(&john, known).await;
        product.delete_email(&john, &entry).await.acknowledged();
        product.sign_up(unknown, "jane").await;
        for (id, kind, to) in first {
            let batch = [record(&image_of(product, &id).await.expect("a verification"), 0)];
            forget_mark(product, &id).await;
            let delivery = async { assert_eq!(deliver(product, &batch).await, None) };
            product.mailing(delivery, &[(kind, to)]).await;
        }
    })
    .await;
}
