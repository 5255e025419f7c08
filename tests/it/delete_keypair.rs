//! `DELETE /keypair/{id}`: deleting a key pair.

use std::time::Duration;

use crate::support::{UNKNOWN_ID, product};

const JOHN: &str = "john@doe.net";
const JANE: &str = "jane@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_pair_is_refused_at_once_and_leaves_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let key_pair = product.add_key_pair(&john).await;
        let kept = product.add_key_pair(&john).await;
        product.mailing(product.delete_key_pair(&john, &key_pair.id), &[]).await.acknowledged();
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        product.delete_key_pair(&john, &key_pair.id).await.refused(404, "Key pair not found");
        let listed = product.key_pairs(&john).await;
        assert_eq!((listed.len(), &listed[0]["keyID"]), (1, &serde_json::json!(kept.id)));
        let items = product.items().await;
        assert!(items.iter().all(|item| !item.text("pk").contains(&key_pair.key)));
        product.check_key_pair(&kept).await.expect(200);
    })
    .await;
}

/// Deleting a key pair never needs a code: it only takes access away.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_session_can_delete_a_key_pair_verified_or_not() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let verified = product.add_key_pair(&john).await;
        product.pass(Duration::from_mins(55));
        let (unverified, _) = product.key_pair_code(&john, JOHN).await;
        product.pass(Duration::from_mins(6));
        product.ask_for_key_pair(&john, "Another").await.refused(401, "Verify a code");
        for key_pair in [&verified, &unverified] {
            product.delete_key_pair(&john, &key_pair.id).await.acknowledged();
        }
        assert_eq!(product.key_pairs(&john).await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_of_another_user_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up(JANE, "jane").await;
        let key_pair = product.add_key_pair(&john).await;
        let before = product.contents().await;
        let foreign = product.delete_key_pair(&jane, &key_pair.id).await.refused(404, "Key pair not found");
        let unknown = product.delete_key_pair(&jane, UNKNOWN_ID).await.refused(404, "Key pair not found");
        assert_eq!(product.redacted(&foreign.body), product.redacted(&unknown.body));
        product.delete_key_pair(&jane, &key_pair.key).await.refused(400, "id must be a UUID");
        product.assert_unchanged(&before).await;
        product.check_key_pair(&key_pair).await.expect(200);
    })
    .await;
}
