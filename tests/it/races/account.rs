//! Races for one account and its addresses.

use std::collections::BTreeSet;

use super::{add, any_won, assert_won_or_lost, delete_email, ids, prefer, unsure};
use crate::support::{MANY, Settings, in_rounds, won};

#[tokio::test(flavor = "multi_thread")]
async fn preferring_and_deleting_at_once_leaves_one_verified_preferred_address() {
    in_rounds(5, Settings::default, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john@doe{round}.example"), &format!("johny{round}")).await;
            let first = product.email_id(&john, &john.address).await;
            let mut emails = vec![first];
            for number in 0..3 {
                emails.push(product.add_email(&john, &format!("john{number}@work{round}.example")).await);
            }
            let request = |number: usize| {
                let email = &emails[number % emails.len()];
                // Three requests prefer an address for each one that deletes it, so that some
                // addresses remain.
                if (number / 4) % 4 == 3 { delete_email(product, &john, email) } else { prefer(product, &john, email) }
            };
            let answers = product.race((0..MANY).map(request).collect()).await;
            assert_won_or_lost(&answers);
            let left = product.emails(&john).await;
            assert_eq!(ids(&left, "preferred").len(), 1, "{left:?}");
            assert_eq!(ids(&left, "verified").len(), left.len(), "{left:?}");
            let deletions = || answers.iter().enumerate().filter(|(number, _)| (number / 4) % 4 == 3);
            let answered = |status: u16| deletions().filter(|(_, answer)| answer.status == status).count();
            // A deletion with a 503 response may have succeeded as well.
            let deleted = answered(202)..=answered(202) + answered(503);
            assert!(deleted.contains(&(4 - left.len())), "an address was deleted more than once, or came back");
        }
    })
    .await;
}

/// Only one of these two requests can succeed.
#[tokio::test(flavor = "multi_thread")]
async fn preferring_and_deleting_an_address_at_once_cannot_both_succeed() {
    let settings = || Settings::parameter("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let second = product.add_email(&john, &format!("john{round}@work.example")).await;
            let answers =
                product.race(vec![prefer(product, &john, &second), delete_email(product, &john, &second)]).await;
            let statuses = [answers[0].status, answers[1].status];
            assert!(
                statuses == [202, 403] || statuses == [404, 202],
                "preferred: {}, deleted: {}",
                statuses[0],
                statuses[1]
            );
        }
    })
    .await;
}

/// 32 requests prefer the address, and 32 delete it.
#[tokio::test(flavor = "multi_thread")]
async fn of_32_that_prefer_an_address_and_32_that_delete_it_one_side_wins() {
    let settings = || Settings::parameter("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(10, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let second = product.add_email(&john, &format!("john{round}@work.example")).await;
            let request = |number: usize| match number % 2 {
                0 => prefer(product, &john, &second),
                _ => delete_email(product, &john, &second),
            };
            let answers = product.race((0..MANY).map(request).collect()).await;
            let with = |side: usize, status: u16| {
                answers.iter().enumerate().filter(|(n, answer)| n % 2 == side && answer.status == status).count()
            };
            assert_won_or_lost(&answers);
            let left = ids(&product.emails(&john).await, "preferred");
            if with(1, 202) == 1 {
                assert_eq!((with(0, 202), with(1, 403)), (0, 0), "deleted, and yet preferred");
                assert_ne!(left, [second]);
            } else {
                assert_eq!((with(1, 202), with(1, 404), with(0, 404)), (0, 0, 0), "preferred, and yet deleted");
                assert_eq!(left, [second]);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_added_64_times_at_once_is_stored_once() {
    let settings = || Settings::parameter("MailBurst", "8");
    in_rounds(10, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let spelt = [format!("jane{round}@doe.net"), format!("JANE{round}@doe.NET")];
            let requests = (0..MANY).map(|number| add(product, &john, &spelt[number % 2]));
            let answers = product.race(requests.collect()).await;
            won(&answers, 8, 429);
            assert_eq!(product.emails(&john).await.len(), 2);
            let acknowledged = answers.iter().filter(|answer| answer.status == 202);
            let codes: BTreeSet<_> = acknowledged.map(|answer| answer.text("verificationCodeID")).collect();
            let sent = product.emails_to(&spelt[0]).await.len();
            assert!((codes.len()..=8).contains(&sent), "{sent} emails, {} codes", codes.len());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_addresses_added_at_once_only_as_many_as_allowed_are_stored() {
    let settings = || Settings::parameter("EmailsPerUser", "4");
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let before = product.sent_emails().await.len();
            let requests = (0..MANY).map(|number| add(product, &john, &format!("john{number}@work{round}.example")));
            let answers = product.race(requests.collect()).await;
            won(&answers, 3, 403);
            let (emails, unsure) = (product.emails(&john).await.len(), unsure(&answers));
            assert!((4 - unsure.min(3)..=4).contains(&emails), "{emails} addresses, {unsure} unsure");
            assert_eq!(product.sent_emails().await.len(), before + emails - 1, "refused requests send no email");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_deletions_of_an_address_one_succeeds_and_sends_a_notice() {
    in_rounds(25, Settings::with_mail_for_all, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("john{round}@work.example");
            let id = product.add_email(&john, &address).await;
            let before = product.emails_to(&john.address).await.len();
            let answers = product.race((0..MANY).map(|_| delete_email(product, &john, &id)).collect()).await;
            won(&answers, 1, 404);
            let notices = product.emails_to(&john.address).await.len() - before;
            assert!(notices == 1 || notices == 0 && !any_won(&answers), "{notices} notices");
        }
    })
    .await;
}
