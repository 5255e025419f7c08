//! `GET /keypairs`: listing key pairs.

use serde_json::json;

use crate::support::{KeyPair, Settings, product, product_with};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_key_pair_comes_first_verified_or_not() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        assert_eq!(product.key_pairs(&john).await, Vec::<serde_json::Value>::new());
        let mut created = vec![product.add_key_pair(&john).await];
        // Several in one second, in the order in which they were created.
        for number in 2..=9 {
            let asked = product.ask_for_key_pair(&john, &format!("Key {number}")).await.expect(202);
            created.push(KeyPair::of(&asked));
        }
        let listed = product.key_pairs(&john).await;
        let ids: Vec<_> = listed.iter().map(|key_pair| key_pair["keyID"].as_str().expect("an ID")).collect();
        assert_eq!(ids, created.iter().rev().map(|key_pair| key_pair.id.as_str()).collect::<Vec<_>>());
        let verified: Vec<_> = listed.iter().map(|key_pair| key_pair["verified"] == true).collect();
        assert_eq!(verified.iter().rposition(|verified| *verified), Some(8));
        assert_eq!(verified.iter().filter(|verified| **verified).count(), 1);
        let newest = json!({
            "apiKey": created[8].key, "keyID": created[8].id, "keyName": "Key 9", "expireAt": listed[0]["expireAt"],
            "verified": false,
        });
        assert_eq!(listed[0], newest);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_users_own_key_pairs_only() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let key_pair = product.add_key_pair(&john).await;
        assert_eq!(product.key_pairs(&jane).await.len(), 0);
        assert_eq!(product.key_pairs(&john).await[0]["keyID"], key_pair.id);
    })
    .await;
}
