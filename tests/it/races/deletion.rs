//! Races between the deletion of an account, its restoring, and everything else.

use reqwest::Method;
use serde_json::json;

use super::{add, assert_active_if_acknowledged, delete_email, email_guess, guess, of, prefer, sign_ins, unsure};
use crate::support::{EmailKind, MANY, Person, Product, Settings, in_rounds, won};

fn settings() -> Settings {
    Settings::with_mail_for_all().and("AccountChangesPerDay", "1000").and("SessionsPerUser", "80")
}

/// Signs a user up with two verified addresses.
async fn new_user(product: &Product, round: usize) -> Person {
    let person = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
    product.add_email(&person, &format!("john{round}@work.example")).await;
    person
}

/// Asserts that nothing of a deleted account authenticates, and that a sign-in restores it.
async fn assert_deleted_as_a_whole(product: &Product, person: &Person, bearers: &[String]) {
    for bearer in bearers {
        product.session(bearer).await.refused(401, "bearer");
    }
    product.user(&person.user_id).await.refused(404, "User not found");
    product.check_invariants().await;
    let back = product.sign_in(person).await;
    assert_eq!(back.user_id, person.user_id);
    product.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_account_comes_back_half_from_its_deletion() {
    in_rounds(3, settings, async |product, rounds| {
        for round in rounds {
            let john = new_user(product, round).await;
            let work = product.email_id(&john, &format!("john{round}@work.example")).await;
            let first = product.email_id(&john, &john.address).await;
            let (adding, add_code) = product.email_code(&john, &format!("john{round}@new.example")).await;
            let fresh = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
            let fresh_code = product.newest_code(&john.address).await;
            let (asked, sign_ins): (Vec<_>, Vec<_>) = sign_ins(product, &john.address, 8).await.into_iter().unzip();
            let mut requests = vec![of(product, &john, Method::DELETE, "/user")];
            requests.extend(sign_ins);
            for number in 0..5_usize {
                requests.push(add(product, &john, &format!("more{number}.{round}@work.example")));
                requests.push(prefer(product, &john, if number.is_multiple_of(2) { &work } else { &first }));
                requests.push(delete_email(product, &john, &work));
                requests.push(email_guess(product, &adding, &add_code));
                requests.push(guess(product, &fresh, &fresh_code));
                requests.push(of(product, &john, Method::PUT, "/session/extend"));
                requests.push(of(product, &john, Method::DELETE, "/sessions?keep=current"));
                let alias = json!({"alias": format!("johny{round}.{number}")});
                requests.push(of(product, &john, Method::PUT, "/user").json(&alias));
                requests.push(of(product, &john, Method::POST, "/session/reauthentication"));
                requests.push(of(product, &john, Method::GET, "/user"));
                requests.push(of(product, &john, Method::DELETE, "/user"));
            }
            let answers = product.race(requests).await;
            let known = [200, 202, 400, 401, 403, 404, 503];
            assert!(answers.iter().all(|answer| known.contains(&answer.status)), "{answers:?}");
            if answers[0].status != 202 && product.session(&john.bearer).await.status == 200 {
                product.delete_user(&john).await.acknowledged();
            }
            let bearers = asked.into_iter().map(|requested| requested.bearer).chain([john.bearer.clone()]);
            assert_deleted_as_a_whole(product, &john, &bearers.collect::<Vec<_>>()).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_deletions_at_once_one_deletes_the_account() {
    in_rounds(3, settings, async |product, rounds| {
        for round in rounds {
            let john = new_user(product, round).await;
            let answers = product.race((0..MANY).map(|_| of(product, &john, Method::DELETE, "/user")).collect()).await;
            won(&answers, 1, 401);
            let kinds: Vec<_> = product.emails_to(&john.address).await.iter().map(EmailKind::of).collect();
            let notices = kinds.iter().filter(|kind| **kind == EmailKind::AccountDeleted).count();
            assert!(notices == 1 || unsure(&answers) == MANY, "{notices} notices");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_sign_ins_that_restore_an_account_one_wins() {
    in_rounds(3, settings, async |product, rounds| {
        for round in rounds {
            let john = new_user(product, round).await;
            product.delete_user(&john).await.acknowledged();
            let work = format!("john{round}@work.example");
            let mut all = sign_ins(product, &john.address, MANY / 2).await;
            all.extend(sign_ins(product, &work, MANY / 2).await);
            let (asked, requests): (Vec<_>, Vec<_>) = all.into_iter().unzip();
            let answers = product.race(requests).await;
            won(&answers, 1, 401);
            for (requested, answer) in asked.iter().zip(&answers) {
                assert_active_if_acknowledged(product, &requested.bearer, answer).await;
            }
            product.check_invariants().await;
        }
    })
    .await;
}

/// A sign-in whose code was sent before the deletion comes first, or is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_during_a_deletion_leaves_no_session() {
    in_rounds(25, settings, async |product, rounds| {
        for round in rounds {
            let john = new_user(product, round).await;
            let (asked, sign_in) = sign_ins(product, &john.address, 1).await.pop().expect("a sign-in");
            let answers = product.race(vec![of(product, &john, Method::DELETE, "/user"), sign_in]).await;
            assert!(matches!(answers[0].status, 202 | 503) && matches!(answers[1].status, 202 | 401 | 503));
            if answers[0].status == 202 {
                assert_deleted_as_a_whole(product, &john, &[asked.bearer, john.bearer.clone()]).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_that_were_open_before_are_closed() {
    in_rounds(3, settings, async |product, rounds| {
        for round in rounds {
            let john = new_user(product, round).await;
            let mut sessions = Vec::new();
            for _ in 0..MANY {
                sessions.push(product.sign_in(&john).await);
            }
            let requests = sessions.iter().take(8).map(|session| of(product, session, Method::DELETE, "/sessions"));
            let answers = product.race(requests.collect()).await;
            assert!(answers.iter().all(|answer| [202, 401, 503].contains(&answer.status)), "{answers:?}");
            if answers.iter().any(|answer| answer.status == 202) {
                for session in &sessions {
                    product.session(&session.bearer).await.refused(401, "bearer");
                }
            }
        }
    })
    .await;
}
