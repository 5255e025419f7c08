//! The mails that an address can be sent, and a source can cause.

use reqwest::Method;
use serde_json::json;

use super::{add, of, sign_in, sign_up, unsure};
use crate::support::{MANY, Settings, in_rounds, won};

/// Attack 47, and 8: however it is spelt.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ins_asked_for_at_once_three_are_mailed() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let spelt =
                [format!("john{round}@doe.net"), format!("JOHN{round}@DOE.net"), format!(" john{round}@doe.net. ")];
            let answers = product.race((0..MANY).map(|number| sign_in(product, &spelt[number % 3])).collect()).await;
            won(&answers, 3, 429);
            for refused in answers.iter().filter(|answer| answer.status == 429) {
                let wait: u32 = refused.header("retry-after").expect("Retry-After").parse().expect("seconds");
                // From a request that came in seconds before the one that spent the last mail, but was counted after it.
                assert!((1..=65).contains(&wait), "{wait}");
            }
            let (mails, unsure) = (product.mails_to(&spelt[0]).await.len(), unsure(&answers));
            assert!((3 - unsure.min(3)..=3).contains(&mails), "{mails} mails, {unsure} unsure");
        }
    })
    .await;
}

/// Attack 47, by all ways at once.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ups_sign_ins_and_additions_of_an_address_share_its_mails_at_once_too() {
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
            // The address to be mailed again may not be there yet.
            let answers: Vec<_> = answers.into_iter().filter(|answer| answer.status != 404).collect();
            won(&answers, 3, 429);
            let (mails, unsure) = (product.mails_to(&jane).await.len(), unsure(&answers));
            assert!((3 - unsure.min(3)..=3).contains(&mails), "{mails} mails, {unsure} unsure");
        }
    })
    .await;
}

/// Attack 47, from one place.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_its_mails_in_an_hour_and_not_one_more_at_once() {
    let settings = || Settings::parameter("MailsPerSourceIpPerHour", "10");
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            product.pass_to_the_middle_of_an_hour();
            let before = product.mails().await.len();
            let requests = (0..MANY).map(|number| sign_in(product, &format!("john{number}@round{round}.example")));
            let answers = product.race(requests.collect()).await;
            won(&answers, 10, 429);
            let (mails, unsure) = (product.mails().await.len() - before, unsure(&answers));
            assert!((10 - unsure.min(10)..=10).contains(&mails), "{mails} mails, {unsure} unsure");
        }
    })
    .await;
}
