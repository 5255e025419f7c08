//! Everything an account can do, once.

use crate::support::product;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_gains_prefers_and_loses_addresses_and_sessions() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let again = product.sign_in(&john).await;
        assert_eq!(again.user_id, john.user_id);
        let second = product.add_email(&john, "john@work.example").await;
        product.prefer(&john, &second).await.acknowledged();
        let first = product.email_id(&john, "john@doe.net").await;
        product.delete_email(&john, &second).await.refused(403, "preferred");
        product.delete_email(&john, &first).await.acknowledged();
        product.sign_in_through(&john, "john@work.example").await;
        product.close(&john, &again.session_id).await.acknowledged();
        product.session(&again.bearer).await.refused(401, "bearer");
    })
    .await;
}
