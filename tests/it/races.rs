//! Many at the same moment: one code, one alias, one address, one budget.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{Person, Product, Requested, Settings, code_in, product, product_with, statuses, won, wrong};

const MANY: usize = 64;

/// A guess at a code of a session.
fn guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/session/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// A guess at a code of an address.
fn email_guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/email/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// A sign-up's request.
fn sign_up(product: &Product, address: &str, alias: &str) -> RequestBuilder {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    product.request(Method::POST, "/user").json(&body)
}

/// A sign-in's request.
fn sign_in(product: &Product, address: &str) -> RequestBuilder {
    product.request(Method::POST, "/session").json(&json!({"email": address}))
}

/// How many guesses at a code were looked at, as the table has it.
async fn tries(product: &Product, id: &str) -> Option<i64> {
    let items = product.items().await;
    items.iter().find(|item| item.text("pk") == format!("CODE#{id}"))?.number("tries")
}

/// How many wrong guesses count against an address.
async fn wrong_guesses(product: &Product, address: &str) -> usize {
    let items = product.items().await;
    let budget = items.iter().find(|item| item.text("pk") == format!("BUDGET#{address}"));
    budget.expect("a budget").list("wrongGuesses").len()
}

/// Attack 2. With as many guesses as a deployment can allow, so that more than a few are looked at.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_a_sign_up_one_is_acknowledged() {
    product_with(Settings::parameter("GuessesPerCode", "10"), async |product| {
        for round in 0..2 {
            let address = format!("john{round}@doe.net");
            let requested =
                Requested::of(&product.ask_to_sign_up(&address, &format!("johny{round}")).await.expect(202));
            let code = product.newest_code(&address).await;
            let answers = product.race((0..MANY).map(|_| guess(product, &requested.id, &code)).collect()).await;
            won(&answers, 1, 401);
            product.session(&requested.bearer).await.expect(200);
        }
    })
    .await;
}

/// Attack 2.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_a_sign_in_one_is_acknowledged() {
    product_with(Settings::parameter("GuessesPerCode", "10"), async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in 0..2 {
            product.pass(std::time::Duration::from_mins(1));
            let requested = Requested::of(&product.ask_to_sign_in(&john.address).await.expect(202));
            let code = product.newest_code(&john.address).await;
            let answers = product.race((0..MANY).map(|_| guess(product, &requested.id, &code)).collect()).await;
            won(&answers, 1, 401);
            product.session(&requested.bearer).await.expect(200);
        }
    })
    .await;
}

/// Attack 2.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_an_address_one_is_acknowledged() {
    product_with(Settings::parameter("GuessesPerCode", "10"), async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in 0..2 {
            let address = format!("john{round}@work.example");
            let id = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let code = product.newest_code(&address).await;
            let answers = product.race((0..MANY).map(|_| email_guess(product, &id, &code)).collect()).await;
            won(&answers, 1, 401);
            let told = product.mails_to(&john.address).await;
            let of_it = told.iter().filter(|mail| mail.text.contains(&address)).count();
            assert_eq!(of_it, 1, "one notice of one verification");
        }
    })
    .await;
}

/// Attack 1.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_wrong_guesses_five_are_looked_at_and_then_the_right_code_is_refused() {
    product(async |product| {
        for round in 0..2 {
            let address = format!("john{round}@doe.net");
            let requested =
                Requested::of(&product.ask_to_sign_up(&address, &format!("johny{round}")).await.expect(202));
            let code = product.newest_code(&address).await;
            let wrong = wrong(&code);
            let answers = product.race((0..MANY).map(|_| guess(product, &requested.id, &wrong)).collect()).await;
            won(&answers, 0, 401);
            assert_eq!(tries(product, &requested.id).await, Some(5));
            assert!(wrong_guesses(product, &address).await <= 5);
            product.verify_session(&requested.id, &code).await.refused(401, "code");
            product.session(&requested.bearer).await.refused(401, "verified");
        }
    })
    .await;
}

/// Attack 1, of addresses.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_wrong_guesses_at_an_address_five_are_looked_at() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let id = product.ask_to_add(&john, "jane@doe.net").await.expect(202).text("verificationCodeID");
        let code = product.newest_code("jane@doe.net").await;
        let wrong = wrong(&code);
        let answers = product.race((0..MANY).map(|_| email_guess(product, &id, &wrong)).collect()).await;
        won(&answers, 0, 401);
        assert_eq!(tries(product, &id).await, Some(5));
        assert!(wrong_guesses(product, "jane@doe.net").await <= 5);
        product.verify_email(&id, &code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_right_guesses_at_once_are_five_in_all() {
    product(async |product| {
        for round in 0..4 {
            let address = format!("john{round}@doe.net");
            let requested =
                Requested::of(&product.ask_to_sign_up(&address, &format!("johny{round}")).await.expect(202));
            let code = product.newest_code(&address).await;
            let wrong = wrong(&code);
            // One in eight is right, so that in some rounds none of the five is.
            let which = |number: usize| if (number + round).is_multiple_of(8) { &code } else { &wrong };
            let answers =
                product.race((0..MANY).map(|number| guess(product, &requested.id, which(number))).collect()).await;
            let right = statuses(&answers).get(&202).copied().unwrap_or_default();
            won(&answers, right, 401);
            let counted = wrong_guesses(product, &address).await;
            if right == 1 {
                assert_eq!(tries(product, &requested.id).await, None, "used up");
                assert!(counted <= 4, "{counted}");
                product.session(&requested.bearer).await.expect(200);
            } else {
                assert_eq!((right, tries(product, &requested.id).await), (0, Some(5)));
                assert!(counted <= 5, "{counted}");
                product.session(&requested.bearer).await.refused(401, "verified");
            }
        }
    })
    .await;
}

/// Both of two, and 64: one gets the alias, however they spell it.
#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_ask_for_an_alias_at_once_one_gets_it() {
    product(async |product| {
        for (round, racers) in [2, 2, 2, MANY].into_iter().enumerate() {
            let spelt = |number: usize| {
                if number.is_multiple_of(2) { format!("Johny{round}") } else { format!("jOHNY{round}") }
            };
            let address = |number: usize| format!("john{number}@round{round}.example");
            let requests = (0..racers).map(|number| sign_up(product, &address(number), &spelt(number)));
            let answers = product.race(requests.collect()).await;
            won(&answers, 1, 400);
            for refused in answers.iter().filter(|answer| answer.status == 400) {
                assert_eq!(refused.body["errors"][0]["field"], "alias", "{}", refused.body);
            }
            let winner = answers.iter().position(|answer| answer.status == 202).expect("a winner");
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
    product_with(Settings::with_mail_for_all(), async |product| {
        let mut asked = Vec::new();
        for number in 0..MANY {
            asked.push(Requested::of(
                &product.ask_to_sign_up("john@doe.net", &format!("johny{number}")).await.expect(202),
            ));
        }
        let codes = codes_to(product, "john@doe.net").await;
        let guesses = asked.iter().zip(&codes).map(|(requested, code)| guess(product, &requested.id, code));
        let answers = product.race(guesses.collect()).await;
        won(&answers, 1, 401);
        for (requested, answer) in asked.iter().zip(&answers) {
            let opens = if answer.status == 202 { 200 } else { 401 };
            product.session(&requested.bearer).await.expect(opens);
        }
    })
    .await;
}

/// Attack 26, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_accounts_that_prove_one_address_at_once_one_owns_it() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let people = people(product).await;

        let mut asked = Vec::new();
        for person in &people {
            asked.push(product.ask_to_add(person, "shared@doe.net").await.expect(202).text("verificationCodeID"));
        }

        let codes = codes_to(product, "shared@doe.net").await;

        let guesses = asked.iter().zip(&codes).map(|(id, code)| email_guess(product, id, code));
        let answers = product.race(guesses.collect()).await;
        won(&answers, 1, 401);

        for (person, answer) in people.iter().zip(&answers) {
            let emails = product.emails(person).await;
            assert_eq!(emails[1]["verified"], answer.status == 202, "{emails:?}");
        }
    })
    .await;
}

/// 64 people with accounts, who signed up a few at a time.
async fn people(product: &Product) -> Vec<Person> {
    let mut people = Vec::new();
    for first in (0..MANY).step_by(8) {
        let several = first..first + 8;
        people.extend(
            join_all(several.map(async |number| {
                product.sign_up(&format!("john{number}@doe.net"), &format!("johny{number}")).await
            }))
            .await,
        );
    }
    people
}

/// The codes that went to an address, in the order in which they were asked for.
async fn codes_to(product: &Product, address: &str) -> Vec<String> {
    product.mails_to(address).await.iter().filter_map(code_in).collect()
}

/// Attack 47, and 8: however it is spelt.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ins_asked_for_at_once_three_are_mailed() {
    product(async |product| {
        for round in 0..2 {
            let spelt =
                [format!("john{round}@doe.net"), format!("JOHN{round}@DOE.net"), format!(" john{round}@doe.net. ")];
            let answers = product.race((0..MANY).map(|number| sign_in(product, &spelt[number % 3])).collect()).await;
            won(&answers, 3, 429);
            for refused in answers.iter().filter(|answer| answer.status == 429) {
                let wait: u32 = refused.header("retry-after").expect("Retry-After").parse().expect("seconds");
                // From a request that came in a second before the one that spent the last mail, but was counted after it.
                assert!((1..=61).contains(&wait), "{wait}");
            }
            assert_eq!(product.mails_to(&spelt[0]).await.len(), 3);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ups_sign_ins_and_additions_of_an_address_share_its_mails_at_once_too() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let requests = (0..MANY).map(|number| match number % 4 {
            0 => sign_in(product, "jane@doe.net"),
            1 => sign_up(product, "jane@doe.net", &format!("jane{number}")),
            2 => product
                .request(Method::POST, "/email/verification")
                .bearer_auth(&john.bearer)
                .json(&json!({"address": "jane@doe.net"})),
            _ => product
                .request(Method::POST, "/email")
                .bearer_auth(&john.bearer)
                .json(&json!({"address": "jane@doe.net"})),
        });
        let answers = statuses(&product.race(requests.collect()).await);
        assert_eq!(answers[&202], 3, "{answers:?}");
        assert_eq!(answers[&202] + answers[&429] + answers.get(&404).unwrap_or(&0), MANY, "{answers:?}");
        assert_eq!(product.mails_to("jane@doe.net").await.len(), 3);
    })
    .await;
}

/// Attack 47, from one place.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_its_mails_in_an_hour_and_not_one_more_at_once() {
    product_with(Settings::parameter("MailsPerSourceIpPerHour", "10"), async |product| {
        product.pass_to_the_middle_of_an_hour();
        let requests = (0..MANY).map(|number| sign_in(product, &format!("john{number}@doe.net")));
        let answers = product.race(requests.collect()).await;
        won(&answers, 10, 429);
        assert_eq!(product.mails().await.len(), 10);
    })
    .await;
}
