//! Races for an alias or an address, which can have only one owner.

use reqwest::Method;
use serde_json::json;

use super::{any_won, assert_active_if_acknowledged, codes_to, delete_email, email_guess, guess, people, sign_up};
use crate::support::{MANY, Requested, Settings, in_rounds, won};

/// Spelling does not matter: only one request gets the alias.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ups_that_request_one_alias_at_once_one_gets_it() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let spelt = |number: usize| {
                if number.is_multiple_of(2) { format!("Johny{round}") } else { format!("jOHNY{round}") }
            };
            let address = |number: usize| format!("john{number}@round{round}.example");
            // Some rounds have only two requests.
            let racers = if round % 5 == 1 { 2 } else { MANY };
            let requests = (0..racers).map(|number| sign_up(product, &address(number), &spelt(number)));
            let answers = product.race(requests.collect()).await;
            won(&answers, 1, 400);
            for refused in answers.iter().filter(|answer| answer.status == 400) {
                assert_eq!(refused.body["errors"][0]["field"], "alias", "{}", refused.body);
            }
            // Without a winner, the request that got the alias had a 503 response.
            let Some(winner) = answers.iter().position(|answer| answer.status == 202) else { continue };
            let code = product.newest_code(&address(winner)).await;
            product.verify_session(&answers[winner].text("verificationCodeID"), &code).await.acknowledged();
            assert_eq!(product.session(&answers[winner].text("bearer")).await.text("alias"), spelt(winner));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ups_with_one_address_verified_at_once_one_succeeds() {
    in_rounds(3, Settings::with_mail_for_all, async |product, rounds| {
        for round in rounds {
            let address = format!("john{round}@doe.net");
            let mut asked = Vec::new();
            for number in 0..MANY {
                let answer = product.ask_to_sign_up(&address, &format!("johny{number}-{round}")).await;
                asked.push(Requested::of(&answer.expect(202)));
            }
            let codes = codes_to(product, &address).await;
            let guesses = asked.iter().zip(&codes).map(|(requested, code)| guess(product, &requested.id, code));
            let answers = product.race(guesses.collect()).await;
            won(&answers, 1, 401);
            for (requested, answer) in asked.iter().zip(&answers) {
                assert_active_if_acknowledged(product, &requested.bearer, answer).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_accounts_that_verify_one_address_at_once_one_owns_it() {
    in_rounds(5, Settings::with_mail_for_all, async |product, rounds| {
        let people = people(product).await;
        for round in rounds {
            let address = format!("shared{round}@doe.net");
            let mut asked = Vec::new();
            for person in &people {
                asked.push(product.ask_to_add(person, &address).await.expect(202).text("verificationCodeID"));
            }
            let codes = codes_to(product, &address).await;
            let guesses = asked.iter().zip(&codes).map(|(id, code)| email_guess(product, id, code));
            let answers = product.race(guesses.collect()).await;
            won(&answers, 1, 401);
            for (person, answer) in people.iter().zip(&answers) {
                let emails = product.emails(person).await;
                let shared = emails.iter().find(|email| email["address"] == address).expect("the address");
                assert!(answer.status == 503 || shared["verified"] == (answer.status == 202), "{emails:?}");
            }
        }
    })
    .await;
}

/// One request verifies an added address, the other a sign-up with it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_two_accounts_verify_at_once_has_one_owner() {
    let settings = || Settings::parameter("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("shared{round}@doe.net");
            let added = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let signed_up = Requested::of(&product.ask_to_sign_up(&address, &format!("jane{round}")).await.expect(202));
            let codes = codes_to(product, &address).await;
            let verifications = vec![email_guess(product, &added, &codes[0]), guess(product, &signed_up.id, &codes[1])];
            let answers = product.race(verifications).await;
            won(&answers, 1, 401);
            assert_active_if_acknowledged(product, &signed_up.bearer, &answers[1]).await;
        }
    })
    .await;
}

/// 32 requests verify the address, with the highest number of guesses that a deployment can allow,
/// and 32 delete it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_during_its_verification_leaves_no_trace() {
    // Without recovery, a removed address is free at once.
    let settings = || Settings::with_mail_for_all().and("GuessesPerCode", "10").and("RecoverySeconds", "0");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("john{round}@work.example");
            let (asked, code) = product.email_code(&john, &address).await;
            let id = product.email_id(&john, &address).await;
            // Every other round has only two requests, so that the deletion is likely to come
            // second at times.
            let racers = if round.is_multiple_of(2) { 2 } else { MANY };
            let request = |number: usize| match number % 2 {
                0 => email_guess(product, &asked, &code),
                _ => delete_email(product, &john, &id),
            };
            let answers = product.race((0..racers).map(request).collect()).await;
            let (verified, deleted): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
            let answers = |of: Vec<(usize, _)>| of.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>();
            let (verified, deleted) = (answers(verified), answers(deleted));
            // The deletion succeeds, before or after the verification, and also deletes a verified
            // address.
            won(&deleted, 1, 404);
            if !any_won(&deleted) {
                continue;
            }
            won(&verified, verified.iter().filter(|answer| answer.status == 202).count().min(1), 401);
            assert_eq!(product.emails(&john).await.len(), 1);
            // The address is free again. The invariants would find a leftover owner; the next
            // sign-up does, too.
            product.sign_up(&address, &format!("jane{round}")).await;
        }
    })
    .await;
}

/// The account owns the address. The sign-up that verifies it gets it only if the deletion comes
/// first.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_while_a_sign_up_verifies_it_has_one_owner() {
    let settings = || Settings::parameter("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("shared{round}@doe.net");
            let asked = Requested::of(&product.ask_to_sign_up(&address, &format!("jane{round}")).await.expect(202));
            let code = product.newest_code(&address).await;
            let id = product.add_email(&john, &address).await;
            let verification = guess(product, &asked.id, &code);
            let answers = product.race(vec![verification, delete_email(product, &john, &id)]).await;
            assert_eq!(answers[1].status, 202, "{}", answers[1].body);
            won(&answers[..1], usize::from(answers[0].status == 202), 401);
            assert_active_if_acknowledged(product, &asked.bearer, &answers[0]).await;
            let left = product.call_as(&john.bearer, Method::GET, "/emails", None).await.expect(200);
            assert_eq!(left.body["emails"].as_array().map(Vec::len), Some(1), "{}", json!(left.body));
        }
    })
    .await;
}
