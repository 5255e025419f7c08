//! `GET /keypair`: checking a key pair.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{KeyPair, Settings, product, product_with};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn an_active_key_pair_is_returned_with_its_user_and_without_its_secret() {
    product(async |product| {
        let john = product.sign_up(JOHN, "Johny").await;
        let key_pair = product.add_key_pair(&john).await;
        let listed = product.key_pairs(&john).await.remove(0);
        let checked = product.check_key_pair(&key_pair).await.expect(200);
        let expected = json!({
            "apiKey": key_pair.key, "keyID": key_pair.id, "keyName": "Nightly backup", "expireAt": listed["expireAt"],
            "verified": true, "userID": john.user_id, "userName": "John Doe", "userAlias": "Johny", "roles": ["user"],
            "groups": ["public"],
        });
        assert_eq!(checked.body, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_is_refused_from_the_second_in_which_it_expires() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let key_pair = product.add_key_pair(&john).await;
        let end = product.check_key_pair(&key_pair).await.expect(200).body["expireAt"].as_u64().expect("a time");
        let left = || end.saturating_sub(u64::try_from(product.stack.clock().now().seconds()).expect("a time"));
        product.pass(Duration::from_secs(left() - 30));
        product.check_key_pair(&key_pair).await.expect(200);
        product.pass(Duration::from_secs(left()));
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        let john = product.sign_in(&john).await;
        assert_eq!(product.key_pairs(&john).await.len(), 0);
        product.delete_key_pair(&john, &key_pair.id).await.refused(404, "Key pair not found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_key_with_its_own_secret_is_accepted() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let [one, other, janes] =
            [product.add_key_pair(&john).await, product.add_key_pair(&john).await, product.add_key_pair(&jane).await];
        let (unverified, _) = product.key_pair_code(&john, JOHN).await;
        let before = product.contents().await;
        let flipped = |text: &str| text.chars().rev().collect::<String>();
        for (key, secret) in [
            (&one.key, &other.secret),
            (&one.key, &janes.secret),
            (&one.key, &john.bearer),
            (&one.key, &one.key),
            (&one.key, &one.key.repeat(2)),
            (&one.key, &one.secret.to_lowercase()),
            (&one.key, &flipped(&one.secret)),
            (&one.key, &format!("{}, {}", one.secret, one.secret)),
            (&one.key, &String::new()),
            (&one.id, &one.secret),
            (&one.secret, &one.key),
            (&one.secret, &one.secret),
            (&flipped(&one.key), &one.secret),
            (&unverified.key, &unverified.secret),
            (&unverified.key, &one.secret),
        ] {
            let (key, secret) = (key.clone(), secret.clone());
            let answer = product.check_key_pair(&KeyPair { key, secret, ..one.clone() }).await;
            let answer = answer.refused(401, "Provide an active key pair in the headers api-key and api-secret");
            assert_eq!(answer.text("type"), "urn:latchkey:problem:unauthenticated");
        }
        product.assert_unchanged(&before).await;
        product.check_key_pair(&one).await.expect(200);
    })
    .await;
}

/// Of two headers, neither is trusted over the other. An `Authorization` header says nothing about
/// a key pair.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_key_and_one_secret_are_read_and_nothing_else() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let key_pair = product.add_key_pair(&john).await;
        let check = || product.request(Method::GET, "/keypair");
        let refused = [
            check(),
            check().bearer_auth(&john.bearer),
            check().header("api-key", &key_pair.key),
            check().header("api-secret", &key_pair.secret),
            key_pair.on(check()).header("api-key", &key_pair.key),
            key_pair.on(check()).header("api-secret", &key_pair.secret),
            check().basic_auth(&key_pair.key, Some(&key_pair.secret)),
            product.request(Method::GET, &format!("/keypair?api-key={}&api-secret={}", key_pair.key, key_pair.secret)),
            check().header("cookie", format!("api-key={}; api-secret={}", key_pair.key, key_pair.secret)),
        ];
        for request in refused {
            product.send(request).await.refused(401, "active key pair");
        }
        for value in [john.bearer.clone(), format!("Bearer {}", john.bearer), "Bearer".to_owned(), "x".repeat(64)] {
            product.send(key_pair.on(check()).header("authorization", value)).await.expect(200);
        }
        product.send(check().header("API-Key", &key_pair.key).header("Api-Secret", &key_pair.secret)).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_outlives_the_session_that_created_it() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let key_pair = product.add_key_pair(&john).await;
        product.close(&john, &john.session_id).await.acknowledged();
        product.check_key_pair(&key_pair).await.expect(200);
    })
    .await;
}
