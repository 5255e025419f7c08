//! One alias and one address, of which there is one for all.

use reqwest::Method;
use serde_json::json;

use super::{anybody_won, assert_opens, codes_to, delete_email, email_guess, guess, people, sign_up};
use crate::support::{MANY, Requested, Settings, in_rounds, won};

/// However they spell it, one gets the alias.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_ask_for_an_alias_at_once_one_gets_it() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let spelt = |number: usize| {
                if number.is_multiple_of(2) { format!("Johny{round}") } else { format!("jOHNY{round}") }
            };
            let address = |number: usize| format!("john{number}@round{round}.example");
            // Now and then only two.
            let racers = if round % 5 == 1 { 2 } else { MANY };
            let requests = (0..racers).map(|number| sign_up(product, &address(number), &spelt(number)));
            let answers = product.race(requests.collect()).await;
            won(&answers, 1, 400);
            for refused in answers.iter().filter(|answer| answer.status == 400) {
                assert_eq!(refused.body["errors"][0]["field"], "alias", "{}", refused.body);
            }
            // Else he was told to try again.
            let Some(winner) = answers.iter().position(|answer| answer.status == 202) else { continue };
            let code = product.newest_code(&address(winner)).await;
            product.verify_session(&answers[winner].text("verificationCodeID"), &code).await.acknowledged();
            assert_eq!(product.session(&answers[winner].text("bearer")).await.text("alias"), spelt(winner));
        }
    })
    .await;
}

/// Attacks 25 and 26, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ups_with_one_address_that_are_proved_at_once_one_becomes_an_account() {
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
                assert_opens(product, &requested.bearer, answer).await;
            }
        }
    })
    .await;
}

/// Attack 26, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_accounts_that_prove_one_address_at_once_one_owns_it() {
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

/// Two ways to an address there are: two run.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_proved_for_two_accounts_in_two_ways_at_once_has_one_owner() {
    let settings = || Settings::parameter("EmailsPerUser", "50");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("shared{round}@doe.net");
            let added = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let signed_up = Requested::of(&product.ask_to_sign_up(&address, &format!("jane{round}")).await.expect(202));
            let codes = codes_to(product, &address).await;
            let proofs = vec![email_guess(product, &added, &codes[0]), guess(product, &signed_up.id, &codes[1])];
            let answers = product.race(proofs).await;
            won(&answers, 1, 401);
            assert_opens(product, &signed_up.bearer, &answers[1]).await;
        }
    })
    .await;
}

/// 32 prove it, as often as a deployment can allow, and 32 delete it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_while_it_is_proved_leaves_no_trace_of_either_kind() {
    let settings = || Settings::with_mail_for_all().and("GuessesPerCode", "10");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("john{round}@work.example");
            let (asked, code) = product.email_code(&john, &address).await;
            let id = product.email_id(&john, &address).await;
            // In every other round there are two, which leaves the deletion a fair chance to be second.
            let racers = if round.is_multiple_of(2) { 2 } else { MANY };
            let request = |number: usize| match number % 2 {
                0 => email_guess(product, &asked, &code),
                _ => delete_email(product, &john, &id),
            };
            let answers = product.race((0..racers).map(request).collect()).await;
            let (proved, deleted): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
            let answers = |of: Vec<(usize, _)>| of.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>();
            let (proved, deleted) = (answers(proved), answers(deleted));
            // The deletion has its way, before or after; what was proved meanwhile is deleted all the same.
            won(&deleted, 1, 404);
            if !anybody_won(&deleted) {
                continue;
            }
            won(&proved, proved.iter().filter(|answer| answer.status == 202).count().min(1), 401);
            assert_eq!(product.emails(&john).await.len(), 1);
            // So the address is free: the invariants would find a claim, but its next owner finds out too.
            product.sign_up(&address, &format!("jane{round}")).await;
        }
    })
    .await;
}

/// One is the account's, one somebody's who has no account: however their requests are mixed, he who proves it has it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deleted_while_somebody_else_proves_it_has_one_owner_or_the_next_one() {
    let settings = || Settings::parameter("EmailsPerUser", "50");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("shared{round}@doe.net");
            let asked = Requested::of(&product.ask_to_sign_up(&address, &format!("jane{round}")).await.expect(202));
            let code = product.newest_code(&address).await;
            let id = product.add_email(&john, &address).await;
            let proof = guess(product, &asked.id, &code);
            let answers = product.race(vec![proof, delete_email(product, &john, &id)]).await;
            assert_eq!(answers[1].status, 202, "{}", answers[1].body);
            won(&answers[..1], usize::from(answers[0].status == 202), 401);
            assert_opens(product, &asked.bearer, &answers[0]).await;
            let left = product.call_as(&john.bearer, Method::GET, "/emails", None).await.expect(200);
            assert_eq!(left.body["emails"].as_array().map(Vec::len), Some(1), "{}", json!(left.body));
        }
    })
    .await;
}
