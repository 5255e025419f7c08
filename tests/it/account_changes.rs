//! The limit of account changes that send security notices (contract, Limits).

use std::time::Duration;

use crate::support::{EmailKind, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn twenty_changes_a_day_send_notices_and_no_more() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let first = product.email_id(&john, JOHN).await;
        let work = product.add_email(&john, WORK).await;
        let before = product.sent_emails().await.len();
        let mut statuses = Vec::new();
        // As in a flood: back and forth, as fast as possible.
        for round in 0..150 {
            let answer = product.prefer(&john, if round % 2 == 0 { &work } else { &first }).await;
            if answer.status == 429 {
                let answer = answer.refused(429, "Too many account changes");
                let wait: u64 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
                assert!((86_300..=86_400).contains(&wait), "{wait}");
                statuses.push(429);
            } else {
                answer.acknowledged();
                statuses.push(202);
            }
        }
        // The address that was added is one of the twenty. The rest asks for the present state in
        // every second round, which is no change.
        assert_eq!(statuses.iter().take_while(|status| **status == 202).count(), 19);
        let notices = product.sent_emails().await.len() - before;
        assert_eq!(notices, 2 * 19);
        product.delete_email(&john, &first).await.refused(429, "Too many account changes");
        // A code does not depend on it.
        product.mailing(product.ask_to_sign_in(JOHN), &[(EmailKind::Code, JOHN)]).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_changes_are_possible_again() {
    product_with(Settings::parameter("AccountChangesPerDay", "2"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.prefer(&john, &work).await.acknowledged();
        let first = product.email_id(&john, JOHN).await;
        product.delete_email(&john, &first).await.refused(429, "Try again in");
        let (id, code) = product.email_code(&john, "john@new.example").await;
        product.verify_email(&id, &code).await.refused(429, "Try again in");
        product.pass(Duration::from_hours(24));
        let john = product.sign_in_through(&john, WORK).await;
        product.delete_email(&john, &first).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_does_not_delay_a_recovery() {
    product_with(Settings::parameter("AccountChangesPerDay", "3"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let first = product.email_id(&john, JOHN).await;
        let evil = product.add_email(&john, "evil@attacker.example").await;
        product.prefer(&john, &evil).await.acknowledged();
        product.delete_email(&john, &first).await.acknowledged();
        let owner = product.sign_in(&john).await;
        assert_eq!(product.emails(&owner).await[0]["address"], JOHN);
    })
    .await;
}
