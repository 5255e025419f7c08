//! Attacks on key pairs, and with them.

use reqwest::Method;
use serde_json::json;

use crate::support::{KeyPair, Person, Requested, Settings, UNKNOWN_ID, product, product_with};

const OWNER: &str = "owner@doe.net";
const EVIL: &str = "evil@attacker.example";

/// A key pair reads and changes nothing of the account that it belongs to, whatever the endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_authenticates_nothing_but_its_own_check() {
    product(async |product| {
        let john = product.sign_up(OWNER, "olive").await;
        let key_pair = product.add_key_pair(&john).await;
        let before = product.contents().await;
        let attempts = async {
            for (function, route) in registry::endpoints().filter(|(_, route)| route.requires_token()) {
                let path = route.path.replace("{id}", &key_pair.id);
                let method: Method = route.method.parse().expect("a method");
                let request = || product.request(method.clone(), &path).json(&json!({"name": "More", "days": 365}));
                for request in [
                    request(),
                    request().bearer_auth(&key_pair.secret),
                    request().bearer_auth(&key_pair.key),
                    request().basic_auth(&key_pair.key, Some(&key_pair.secret)),
                ] {
                    let answer = product.send(key_pair.on(request)).await.refused(401, "bearer");
                    assert_eq!(answer.text("type"), "urn:latchkey:problem:unauthenticated", "{}", function.name);
                }
            }
        };
        product.mailing(attempts, &[]).await;
        product.assert_unchanged(&before).await;
        product.check_key_pair(&key_pair).await.expect(200);
    })
    .await;
}

/// A bearer token decides alone who makes a request. The key pair of another user beside it changes
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_pair_of_another_user_beside_a_bearer_token_is_ignored() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let evil = product.sign_up(EVIL, "evil").await;
        let key_pair = product.add_key_pair(&owner).await;
        let as_evil = |method, path: &str| key_pair.on(product.request(method, path)).bearer_auth(&evil.bearer);
        let session = product.send(as_evil(Method::GET, "/session")).await.expect(200);
        assert_eq!(session.text("userID"), evil.user_id);
        let listed = product.send(as_evil(Method::GET, "/keypairs")).await.expect(200);
        assert_eq!(listed.body, json!({"keys": []}));
        for id in [&key_pair.id, UNKNOWN_ID] {
            product.send(as_evil(Method::DELETE, &format!("/keypair/{id}"))).await.refused(404, "Key pair not found");
        }
        assert_eq!(product.check_key_pair(&key_pair).await.expect(200).text("userID"), owner.user_id);
    })
    .await;
}

/// An attacker who stole a fresh session creates key pairs, verifies one of them, and replaces the
/// owner's address. A sign-in with the removed address ends all of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_ends_every_key_pair_and_voids_their_codes() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let own = product.add_key_pair(&owner).await;
        let first = product.email_id(&owner, OWNER).await;
        let evil = product.add_email(&owner, EVIL).await;
        product.prefer(&owner, &evil).await.acknowledged();
        product.delete_email(&owner, &first).await.acknowledged();
        let stolen = Person { address: EVIL.to_owned(), ..owner.clone() };
        let active = product.add_key_pair(&stolen).await;
        let (pending, code) = product.key_pair_code(&stolen, EVIL).await;
        let (asked, right) = product.sign_in_code(OWNER).await;
        product.verify_session(&asked.id, &right).await.acknowledged();
        for key_pair in [&own, &active, &pending] {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
        }
        product.verify_key_pair(&pending.code_id, &code).await.refused(401, "code");
        let back = Person { bearer: asked.bearer, ..owner };
        assert_eq!(product.key_pairs(&back).await.len(), 0);
        assert!(product.items().await.iter().all(|item| !item.text("pk").starts_with("KEY#")));
        product.add_key_pair(&back).await;
    })
    .await;
}

/// The largest recovery: every key pair, more sessions than fit, and as many addresses as usual.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_with_ten_key_pairs_and_many_sessions_fits() {
    let settings = Settings::with_mail_for_all().and("AccountChangesPerDay", "1000");
    product_with(settings, async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let mut key_pairs: Vec<KeyPair> = Vec::new();
        for _ in 0..10 {
            key_pairs.push(product.add_key_pair(&owner).await);
        }
        let first = product.email_id(&owner, OWNER).await;
        let evil = product.add_email(&owner, EVIL).await;
        for number in 2..=9 {
            product.add_email(&owner, &format!("evil{number}@attacker.example")).await;
        }
        for _ in 0..10 {
            product.sign_in(&owner).await;
        }
        product.prefer(&owner, &evil).await.acknowledged();
        product.delete_email(&owner, &first).await.acknowledged();
        let (asked, code) = product.sign_in_code(OWNER).await;
        product.verify_session(&asked.id, &code).await.acknowledged();
        for key_pair in &key_pairs {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
        }
    })
    .await;
}

/// The response to a request for a sign-in says nothing about key pairs, and a code of one is none
/// for the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_bearer_token_creates_lists_and_deletes_no_key_pair() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let key_pair = product.add_key_pair(&owner).await;
        let pending = Requested::of(&product.ask_to_sign_in(OWNER).await.expect(202));
        let as_pending = Person { bearer: pending.bearer, ..owner };
        let before = product.contents().await;
        product.ask_for_key_pair(&as_pending, "Evil").await.refused(401, "bearer");
        product.delete_key_pair(&as_pending, &key_pair.id).await.refused(401, "bearer");
        product.call_as(&as_pending.bearer, Method::GET, "/keypairs", None).await.refused(401, "bearer");
        product.assert_unchanged(&before).await;
    })
    .await;
}
