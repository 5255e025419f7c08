//! Races for key pairs: their codes, their maximum number, and their deletion.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{any_won, of};
use crate::support::{KeyPair, MANY, Person, Product, Settings, in_rounds, statuses, won};

fn settings() -> Settings {
    Settings::with_mail_for_all().and("GuessesPerCode", "10").and("AccountChangesPerDay", "1000")
}

fn verify(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/keypair/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

fn create(product: &Product, person: &Person) -> RequestBuilder {
    of(product, person, Method::POST, "/keypair").json(&json!({"name": "Backup", "days": 7}))
}

fn delete(product: &Product, person: &Person, id: &str) -> RequestBuilder {
    of(product, person, Method::DELETE, &format!("/keypair/{id}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_right_codes_of_a_key_pair_one_is_acknowledged() {
    in_rounds(8, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in rounds {
            let (key_pair, code) = product.key_pair_code(&john, &john.address).await;
            let before = product.emails_to(&john.address).await.len();
            let requests = (0..MANY).map(|_| verify(product, &key_pair.code_id, &code)).collect();
            let answers = product.race(requests).await;
            won(&answers, 1, 401);
            let is_active = product.check_key_pair(&key_pair).await.status == 200;
            assert!(is_active || !any_won(&answers), "acknowledged, but not active");
            let notices = product.emails_to(&john.address).await.len() - before;
            assert_eq!(notices, usize::from(is_active), "notices of one verification");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_pairs_that_are_created_at_once_never_exceed_the_limit() {
    let settings = || settings().and("KeyPairsPerUser", "3");
    in_rounds(2, settings, async |product, rounds| {
        for round in rounds {
            let john = product.sign_up(&format!("john{round}@doe.net"), &format!("johny{round}")).await;
            let answers = product.race((0..MANY).map(|_| create(product, &john)).collect()).await;
            let counts = statuses(&answers);
            assert!(counts.keys().all(|status| [202, 403, 503].contains(status)), "{counts:?}");
            let listed = product.key_pairs(&john).await.len();
            let created = counts.get(&202).copied().unwrap_or_default();
            assert!((1..=3).contains(&listed) && created <= listed, "{listed} listed, {counts:?}");
            product.check_invariants().await;
        }
    })
    .await;
}

/// After an acknowledged deletion, not even a verification that was under way activates a key pair.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_that_is_verified_and_deleted_at_once_is_gone() {
    in_rounds(25, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for round in rounds {
            let (key_pair, code) = product.key_pair_code(&john, &john.address).await;
            let mut requests = vec![verify(product, &key_pair.code_id, &code), delete(product, &john, &key_pair.id)];
            if round % 2 == 0 {
                requests.reverse();
            }
            let mut answers = product.race(requests).await;
            if round % 2 == 0 {
                answers.reverse();
            }
            let [verified, deleted] = [answers[0].status, answers[1].status];
            assert!([202, 401, 503].contains(&verified) && [202, 503].contains(&deleted), "{verified} {deleted}");
            if deleted == 202 {
                product.check_key_pair(&key_pair).await.refused(401, "active key pair");
                assert_eq!(product.key_pairs(&john).await.len(), 0);
            } else {
                product.delete_key_pair(&john, &key_pair.id).await;
            }
            product.check_invariants().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_deletions_of_a_key_pair_one_is_acknowledged() {
    in_rounds(8, settings, async |product, rounds| {
        let john = product.sign_up("john@doe.net", "johny").await;
        for _ in rounds {
            let key_pair: KeyPair = product.add_key_pair(&john).await;
            let answers = product.race((0..MANY).map(|_| delete(product, &john, &key_pair.id)).collect()).await;
            won(&answers, 1, 404);
            product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        }
    })
    .await;
}
