//! Races for the email rate limits of an address and of a source.

use reqwest::Method;
use serde_json::json;

use super::{add, of, sign_in, sign_up, unsure};
use crate::support::{MANY, Settings, in_rounds, won};

/// Spelling does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ins_requested_at_once_three_are_mailed() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let spelt =
                [format!("john{round}@doe.net"), format!("JOHN{round}@DOE.net"), format!(" john{round}@doe.net. ")];
            let answers = product.race((0..MANY).map(|number| sign_in(product, &spelt[number % 3])).collect()).await;
            won(&answers, 3, 429);
            for refused in answers.iter().filter(|answer| answer.status == 429) {
                let wait: u32 = refused.header("retry-after").expect("Retry-After").parse().expect("seconds");
                // A request can arrive seconds before the one that used the last email, but be
                // counted after it.
                assert!((1..=65).contains(&wait), "{wait}");
            }
            let (sent, unsure) = (product.emails_to(&spelt[0]).await.len(), unsure(&answers));
            assert!((3 - unsure.min(3)..=3).contains(&sent), "{sent} emails, {unsure} unsure");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_of_all_kinds_share_the_rate_limit_of_an_address() {
    in_rounds(5, Settings::default, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let jane = format!("jane{round}@doe.net");
            let requests = (0..MANY).map(|number| match number % 4 {
                0 => sign_in(product, &jane),
                1 => sign_up(product, &jane, &format!("jane{number}-{round}")),
                2 => of(product, &john, Method::POST, "/email/verification").json(&json!({"address": jane})),
                _ => add(product, &john, &jane),
            });
            let answers = product.race(requests.collect()).await;
            // A resend is not found if the address has not been added yet.
            let answers: Vec<_> = answers.into_iter().filter(|answer| answer.status != 404).collect();
            won(&answers, 3, 429);
            let (sent, unsure) = (product.emails_to(&jane).await.len(), unsure(&answers));
            assert!((3 - unsure.min(3)..=3).contains(&sent), "{sent} emails, {unsure} unsure");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_cannot_exceed_the_rate_limit_of_a_source() {
    let settings = || Settings::parameter("MailsPerSourceIpPerHour", "10");
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            product.pass_to_the_middle_of_an_hour();
            let before = product.sent_emails().await.len();
            let requests = (0..MANY).map(|number| sign_in(product, &format!("john{number}@round{round}.example")));
            let answers = product.race(requests.collect()).await;
            won(&answers, 10, 429);
            let (sent, unsure) = (product.sent_emails().await.len() - before, unsure(&answers));
            assert!((10 - unsure.min(10)..=10).contains(&sent), "{sent} emails, {unsure} unsure");
        }
    })
    .await;
}
