//! Guesses at one code: right ones, wrong ones, and both.

use std::net::Ipv4Addr;

use reqwest::RequestBuilder;

use super::{any_won, email_guess, guess, sign_in, sign_ins, tries, unsure, wrong_guesses};
use crate::support::{MANY, Settings, in_rounds, product, race_over, statuses, won, wrong};

/// The settings with the highest number of guesses per code, so that more than a few are checked.
fn many_guesses() -> Settings {
    Settings::with_mail_for_all().and("GuessesPerCode", "10")
}

fn times(guess: impl Fn() -> RequestBuilder) -> Vec<RequestBuilder> {
    (0..MANY).map(|_| guess()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_a_sign_up_one_is_acknowledged() {
    in_rounds(25, many_guesses, async |product, rounds| {
        for round in rounds {
            let (asked, code) = product.sign_up_code(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let answers = product.race(times(|| guess(product, &asked.id, &code))).await;
            won(&answers, 1, 401);
            if any_won(&answers) {
                product.session(&asked.bearer).await.expect(200);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_a_sign_in_one_is_acknowledged() {
    in_rounds(25, many_guesses, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in rounds {
            let before = product.sessions(&john).await.len();
            let (asked, code) = product.sign_in_code(&john.address).await;
            let answers = product.race(times(|| guess(product, &asked.id, &code))).await;
            won(&answers, 1, 401);
            let more = product.sessions(&john).await.len() - before;
            assert!(more == 1 || more == 0 && !any_won(&answers), "{more} sessions more");
            if more == 1 {
                product.session(&asked.bearer).await.expect(200);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_an_address_one_is_acknowledged() {
    let settings = || many_guesses().and("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("john{round}@work.example");
            let (id, code) = product.email_code(&john, &address).await;
            let answers = product.race(times(|| email_guess(product, &id, &code))).await;
            won(&answers, 1, 401);
            let notices = product.emails_to(&john.address).await;
            let sent = notices.iter().filter(|mail| mail.text.contains(&address)).count();
            assert!(sent == 1 || sent == 0 && !any_won(&answers), "{sent} notices of one verification");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_wrong_guesses_five_are_checked_and_the_right_code_is_refused() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let address = format!("john{round}@doe.net");
            let (asked, code) = product.sign_up_code(&address, &format!("johny{round}")).await;
            let wrong = wrong(&code);
            let answers = product.race(times(|| guess(product, &asked.id, &wrong))).await;
            won(&answers, 0, 401);
            assert_eq!(tries(product, &asked.id).await, Some(5));
            assert!(wrong_guesses(product, &address).await <= 5);
            product.verify_session(&asked.id, &code).await.refused(401, "code");
            product.session(&asked.bearer).await.refused(401, "active session");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_wrong_guesses_at_an_address_five_are_checked() {
    let settings = || Settings::parameter("EmailsPerUser", "20").and("AccountChangesPerDay", "1000");
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let address = format!("jane{round}@doe.net");
            let (id, code) = product.email_code(&john, &address).await;
            let wrong = wrong(&code);
            let answers = product.race(times(|| email_guess(product, &id, &wrong))).await;
            won(&answers, 0, 401);
            assert_eq!(tries(product, &id).await, Some(5));
            assert!(wrong_guesses(product, &address).await <= 5);
            product.verify_email(&id, &code).await.refused(401, "code");
        }
    })
    .await;
}

/// Attempts are counted per code, not per source.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_wrong_guesses_from_64_sources_five_are_checked() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let (asked, code) = product.sign_up_code(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let wrong = wrong(&code);
            let connections = product.connections_from((1..=64).map(|source| [127, 0, 1, source])).await;
            won(&race_over(connections, times(|| guess(product, &asked.id, &wrong))).await, 0, 401);
            assert_eq!(tries(product, &asked.id).await, Some(5));
            let another_source = product.connections_from([[127, 0, 2, 1]].into_iter()).await;
            let answers = race_over(another_source, vec![guess(product, &asked.id, &code)]).await;
            won(&answers, 0, 401);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_wrong_and_right_guesses_at_once_five_are_checked() {
    in_rounds(25, Settings::default, async |product, rounds| {
        for round in rounds {
            let address = format!("john{round}@doe.net");
            let (asked, code) = product.sign_up_code(&address, &format!("johny{round}")).await;
            let wrong = wrong(&code);
            // One guess in eight is right, so that in some rounds none of the five that are checked
            // is.
            let which = |number: usize| if (number + round).is_multiple_of(8) { &code } else { &wrong };
            let guesses = (0..MANY).map(|number| guess(product, &asked.id, which(number)));
            let answers = product.race(guesses.collect()).await;
            let right = statuses(&answers).get(&202).copied().unwrap_or_default();
            won(&answers, right, 401);
            let counted = wrong_guesses(product, &address).await;
            if let Some(tries) = tries(product, &asked.id).await {
                assert_eq!((right, tries), (0, 5));
                assert!(counted <= 5, "{counted}");
                product.session(&asked.bearer).await.refused(401, "active session");
            } else {
                assert!(right <= 1 && counted <= 4, "{right} were right, {counted} were wrong");
                product.session(&asked.bearer).await.expect(200);
            }
        }
    })
    .await;
}

/// Every wrong guess that is checked counts against the address, even if many are checked at once.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_guesses_at_many_codes_of_an_address_are_all_counted_against_it() {
    in_rounds(5, Settings::with_mail_for_all, async |product, rounds| {
        for round in rounds {
            let address = format!("john{round}@doe.net");
            product.sign_up(&address, &format!("johny{round}")).await;
            let mut guesses = Vec::new();
            for (asked, _) in sign_ins(product, &address, 8).await {
                // A guess of twelve digits is never right by chance.
                guesses.extend((0..8).map(|_| guess(product, &asked.id, "000000000000")));
            }
            let answers = product.race(guesses).await;
            won(&answers, 0, 401);
            // If a call to DynamoDB timed out and was retried, the attempt is counted twice and
            // checked once.
            let (counted, unsure) = (wrong_guesses(product, &address).await, unsure(&answers));
            assert!(counted <= 40 && (counted >= 30 || unsure > 0), "{counted} counted, {unsure} unsure");
            assert_eq!(product.sign_in_code(&address).await.1.len(), if counted < 10 { 6 } else { 12 });
        }
    })
    .await;
}

/// Every race relies on this: one connection for each request.
#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_a_race_has_a_connection_of_its_own() {
    product(async |product| {
        let sources = || (1..=64).map(|source| [127, 0, 1, source]);
        let connections = product.connections_from(sources()).await;
        let requests = (1..=MANY).map(|number| sign_in(product, &format!("john{number}@doe.net")));
        let answers = race_over(connections, requests.collect()).await;
        won(&answers, answers.len() - unsure(&answers), 429);
        for (answer, source) in answers.iter().zip(sources()).filter(|(answer, _)| answer.status == 202) {
            assert_eq!(answer.text("ip"), Ipv4Addr::from(source).to_string());
        }
    })
    .await;
}
