//! Races between recoveries, removals, sign-ins and reauthentications.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{assert_active_if_acknowledged, delete_email, email_guess, guess, of, sign_ins, unsure};
use crate::support::{EmailKind, MANY, Person, Product, Requested, Settings, in_rounds, won};

fn settings() -> Settings {
    Settings::with_mail_for_all().and("AccountChangesPerDay", "1000")
}

/// Signs up an owner whose address an attacker then replaces. Returns the owner.
async fn stolen(product: &Product, round: usize) -> Person {
    let (address, evil) = (format!("owner{round}@doe.net"), format!("evil{round}@attacker.example"));
    let owner = product.sign_up(&address, &format!("owner{round}")).await;
    let first = product.email_id(&owner, &address).await;
    let added = product.add_email(&owner, &evil).await;
    product.prefer(&owner, &added).await.acknowledged();
    product.delete_email(&owner, &first).await.acknowledged();
    owner
}

/// Returns a request that verifies the code of a sign-in.
async fn sign_in_with(product: &Product, address: &str) -> (Requested, RequestBuilder) {
    let (requested, code) = product.sign_in_code(address).await;
    let verification = guess(product, &requested.id, &code);
    (requested, verification)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_recoveries_at_once_one_recovers_the_account() {
    in_rounds(3, settings, async |product, rounds| {
        for round in rounds {
            let owner = stolen(product, round).await;
            let (asked, requests): (Vec<_>, Vec<_>) = sign_ins(product, &owner.address, MANY).await.into_iter().unzip();
            let answers = product.race(requests).await;
            won(&answers, 1, 401);
            let kinds: Vec<_> = product.emails_to(&owner.address).await.iter().map(EmailKind::of).collect();
            let recoveries = kinds.iter().filter(|kind| **kind == EmailKind::AccountRecovered).count();
            assert!(recoveries == 1 || unsure(&answers) == MANY, "{recoveries} recoveries");
            product.session(&owner.bearer).await.refused(401, "bearer");
            for (requested, answer) in asked.iter().zip(&answers) {
                assert_active_if_acknowledged(product, &requested.bearer, answer).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_during_a_recovery_happens_before_it_or_not_at_all() {
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            let owner = stolen(product, round).await;
            let more = product.add_email(&owner, &format!("more{round}@attacker.example")).await;
            let (asked, recovery) = sign_in_with(product, &owner.address).await;
            let answers = product.race(vec![recovery, delete_email(product, &owner, &more)]).await;
            assert!(matches!(answers[1].status, 202 | 401 | 503), "{}", answers[1].body);
            assert_active_if_acknowledged(product, &asked.bearer, &answers[0]).await;
            if answers[0].status == 202 {
                let back = Person { bearer: asked.bearer, ..owner.clone() };
                let emails = product.emails(&back).await;
                assert_eq!(
                    (&emails[0]["address"], emails.len()),
                    (&json!(owner.address), 3 - usize::from(answers[1].status == 202))
                );
                product.session(&owner.bearer).await.refused(401, "bearer");
            }
        }
    })
    .await;
}

/// The sign-in comes first and opens a session, or the removal does, and the sign-in undoes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_during_the_removal_of_its_address_works_in_either_order() {
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            let address = format!("work{round}@doe.net");
            let owner = product.sign_up(&format!("owner{round}@doe.net"), &format!("owner{round}")).await;
            let work = product.add_email(&owner, &address).await;
            let (asked, sign_in) = sign_in_with(product, &address).await;
            let answers = product.race(vec![sign_in, delete_email(product, &owner, &work)]).await;
            assert!(matches!(answers[0].status, 202 | 503) && matches!(answers[1].status, 202 | 503), "{answers:?}");
            if answers.iter().any(|answer| answer.status == 503) {
                continue;
            }
            let back = Person { bearer: asked.bearer, ..owner.clone() };
            let emails = product.emails(&back).await;
            let is_recovered = emails.len() == 2 && emails[0]["address"] == address;
            assert!(is_recovered || emails.len() == 1, "{emails:?}");
            let status = product.session(&owner.bearer).await.status;
            assert_eq!(status, if is_recovered { 401 } else { 200 });
        }
    })
    .await;
}

/// The period ends in the second of the race. Another account has a code from before the owner had
/// the address.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_the_period_the_address_has_one_owner() {
    let settings = || settings().and("RecoverySeconds", "60").and("CodeLifetimeSeconds", "3600");
    in_rounds(25, settings, async |product, rounds| {
        let other = product.sign_up("other@doe.net", "other").await;
        for round in rounds {
            let (id, code) = product.email_code(&other, &format!("owner{round}@doe.net")).await;
            let address = stolen(product, round).await.address;
            let (asked, recovery) = sign_in_with(product, &address).await;
            product.pass(Duration::from_secs(59));
            tokio::time::sleep(Duration::from_millis(300 * (u64::try_from(round).expect("a round") % 5))).await;
            let answers = product.race(vec![recovery, email_guess(product, &id, &code)]).await;
            assert!(answers.iter().filter(|answer| answer.status == 202).count() <= 1, "{answers:?}");
            assert_active_if_acknowledged(product, &asked.bearer, &answers[0]).await;
            let emails = product.emails(&other).await;
            let own = emails.iter().find(|email| email["address"] == address).expect("the address");
            assert!(answers[1].status == 503 || own["verified"] == (answers[1].status == 202), "{emails:?}");
            let own = own["emailID"].as_str().expect("an ID").to_owned();
            product.delete_email(&other, &own).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_closed_during_its_reauthentication_stays_closed() {
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in rounds {
            let session = product.sign_in(&john).await;
            let id = product.ask_to_reauthenticate(&session.bearer).await.expect(202).text("verificationCodeID");
            let code = product.newest_code("john@doe.net").await;
            let close = of(product, &john, Method::DELETE, &format!("/session/{}", session.session_id));
            let answers = product.race(vec![guess(product, &id, &code), close]).await;
            assert!(matches!(answers[1].status, 202 | 503), "{}", answers[1].body);
            won(&answers[..1], usize::from(answers[0].status == 202), 401);
            if answers[1].status == 202 {
                product.session(&session.bearer).await.refused(401, "bearer");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_submissions_of_a_reauthentication_code_one_succeeds() {
    in_rounds(
        5,
        || settings().and("GuessesPerCode", "10"),
        async |product, rounds| {
            let john = product.sign_up("john@doe.net", "johny").await;
            for _ in rounds {
                let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
                let code = product.newest_code("john@doe.net").await;
                let answers = product.race((0..MANY).map(|_| guess(product, &id, &code)).collect()).await;
                won(&answers, 1, 401);
            }
        },
    )
    .await;
}
