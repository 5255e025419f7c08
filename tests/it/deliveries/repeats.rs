//! The stream delivers at least once, and not always in order.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    Waiting, assert_mailed, deliver, deliver_until_done, forget_mark, image_of, mailed, once, only_to, record, records,
    unmail, waiting, with_faults,
};
use crate::support::{End, Fault, Letter, Requested, log_lines, product};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_stands_three_times_in_a_batch_is_mailed_once() {
    product(async |product| {
        let waiting = waiting(product, 3).await;
        let before = product.mails().await.len();
        let places = [0, 1, 0, 2, 1, 0, 2, 2, 1];
        let batch: Vec<_> = places.iter().enumerate().map(|(at, one)| record(&waiting[*one].image, at)).collect();
        assert_eq!(deliver(product, &batch).await, None);
        assert_mailed(product, before, once(&waiting));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_and_again_in_any_order_is_mailed_once() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        let before = product.mails().await.len();
        let mut batch = records(&waiting);
        for turn in 0..8 {
            assert_eq!(deliver(product, &batch).await, None);
            assert_mailed(product, before, once(&waiting));
            batch.rotate_left(3);
            if turn % 2 == 0 {
                batch.reverse();
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_halves_of_a_batch_may_come_the_later_one_first() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        let before = product.mails().await.len();
        let batch = records(&waiting);
        assert_eq!(deliver(product, &batch[5..]).await, None);
        assert_mailed(product, before, once(&waiting[5..]));
        assert_eq!(deliver(product, &batch[..7]).await, None);
        assert_mailed(product, before, once(&waiting));
    })
    .await;
}

/// As when an invocation that timed out and its successor work on the same records.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_eight_times_at_once_is_mailed_once() {
    product(async |product| {
        let waiting = waiting(product, 10).await;
        for round in 0..4 {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            let deliveries = (0..8).map(async |turn| {
                let mut batch = records(&waiting);
                batch.rotate_left(if round % 2 == 0 { 0 } else { turn });
                let again = deliver(product, &batch).await;
                again.map_or(Vec::new(), |place| batch.split_off(place))
            });
            let left = join_all(deliveries).await;
            // Whoever found a mail in somebody else's hands has it brought again, and then there is nothing left to do.
            for batch in left {
                deliver_until_done(product, &batch).await;
            }
            assert_mailed(product, before, once(&waiting));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_in_the_middle_only_what_was_not_mailed_is() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 10).await;
        let batch = records(&waiting);
        for place in 0..10 {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            ses.decide(only_to(&waiting[place].address, Fault::Before(End::Error(400, "SendingPausedException"))));
            // The lowest one that failed is named: Lambda brings it and all that follow.
            assert_eq!(deliver(product, &batch).await, Some(place));
            assert_mailed(product, before, once(&waiting[..place]));
            ses.mend();
            // Or a little more than that.
            let from = place.saturating_sub(2);
            assert_eq!(deliver(product, &batch[from..]).await, None);
            assert_mailed(product, before, once(&waiting));
            assert_eq!(deliver(product, &batch).await, None);
            assert_mailed(product, before, once(&waiting));
        }
    })
    .await;
}

/// Changes, and what DynamoDB deletes when its time is over, ask for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_tell_of_no_new_item_mail_nothing() {
    product(async |product| {
        let waiting = waiting(product, 2).await;
        let before = product.mails().await.len();
        let (mut changed, mut removed) = (records(&waiting), records(&waiting));
        for record in &mut changed {
            record["eventName"] = json!("MODIFY");
        }
        for record in &mut removed {
            record["eventName"] = json!("REMOVE");
            record["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
            let change = record["dynamodb"].as_object_mut().expect("a change");
            let image = change.remove("NewImage").expect("an image");
            change.insert("OldImage".to_owned(), image);
        }
        assert_eq!(deliver(product, &changed).await, None);
        assert_eq!(deliver(product, &removed).await, None);
        assert_mailed(product, before, []);
        // The same, by the stream itself: everything expires, and is deleted.
        product.pass(Duration::from_hours(48));
        assert!(product.stack.sweep().await.expect("a sweep") >= 2);
        assert_eq!(product.mails().await.len(), before);
        // And a record that comes when its item is gone finds nothing to mail.
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_mailed(product, before, []);
    })
    .await;
}

/// The code of an item that is gone was used already: its record may come after all, before its own clock says that it is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_used_already_is_mailed_no_more() {
    product(async |product| {
        let waiting = waiting(product, 3).await;
        let before = product.mails().await.len();
        assert_eq!(deliver(product, &records(&waiting)[1..2]).await, None);
        let used = &waiting[1];
        product.verify_session(&used.asked.id, &used.code).await.acknowledged();
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_mailed(product, before, once(&waiting));
    })
    .await;
}

/// A code that expires while its record waits is dropped; those behind it are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_has_expired_is_mailed_to_nobody() {
    product(async |product| {
        let mut late = waiting(product, 1).await;
        product.pass(Duration::from_mins(10));
        let (asked, code) = product.sign_up_code("jane@doe.net", "jane").await;
        product.mails().await;
        let items = product.items().await;
        let image = items.iter().find(|item| item.text("verificationCodeID") == asked.id).expect("it").image();
        late.push(Waiting { address: "jane@doe.net".to_owned(), asked, code, image });
        unmail(product, &late[1..]).await;
        let before = product.mails().await.len();
        assert_eq!(deliver(product, &records(&late)).await, None);
        assert_mailed(product, before, once(&late[1..]));
        assert!(log_lines().iter().any(|line| line.contains("dropped") && line.contains("metric=\"MailsDropped\"")));
    })
    .await;
}

/// An email is delivered again because SES's answer was lost, after the address moved to another account. The email is
/// the one that was sent first, and its code and bearer token open neither account.
#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_sign_in_code_never_opens_the_next_owners_account() {
    product(async |product| {
        let desk = "desk@office.example";
        let john = product.sign_up("john@doe.net", "johny").await;
        let entry = product.add_email(&john, desk).await;
        product.pass(Duration::from_mins(5));
        let (asked, code) = product.sign_in_code(desk).await;
        let batch = [record(&image_of(product, &asked.id).await.expect("a verification"), 0)];
        product.delete_email(&john, &entry).await.acknowledged();
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.add_email(&jane, desk).await;
        forget_mark(product, &asked.id).await;

        let before = product.mails().await.len();
        assert_eq!(deliver(product, &batch).await, None);
        assert_eq!(mailed(product, before), [(desk.to_owned(), vec![code.clone()])].into());
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        product.session(&asked.bearer).await.refused(401, "bearer");
        assert_eq!((product.sessions(&john).await.len(), product.sessions(&jane).await.len()), (1, 1));
    })
    .await;
}

/// Each reply that is not a code stays what it was, too: a code that was not sent first is not sent later.
#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_email_is_the_one_that_was_sent_first() {
    product(async |product| {
        let (known, unknown) = ("john@doe.net", "jane@doe.net");
        let john = product.sign_up(known, "johny").await;
        let mut first = Vec::new();
        for (response, letter, to) in [
            (product.ask_to_sign_in(unknown).await, Letter::NoAccount, unknown),
            (product.ask_to_sign_up(known, "another").await, Letter::AlreadyRegistered, known),
        ] {
            first.push((Requested::of(&response.expect(202)).id, letter, to));
        }
        let moved = product.add_email(&john, "desk@office.example").await;
        product.prefer(&john, &moved).await.acknowledged();
        let entry = product.email_id(&john, known).await;
        product.delete_email(&john, &entry).await.acknowledged();
        product.sign_up(unknown, "jane").await;
        for (id, letter, to) in first {
            let batch = [record(&image_of(product, &id).await.expect("a verification"), 0)];
            forget_mark(product, &id).await;
            let delivery = async { assert_eq!(deliver(product, &batch).await, None) };
            product.mailing(delivery, &[(letter, to)]).await;
        }
    })
    .await;
}
