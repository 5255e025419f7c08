//! Signing up.

use reqwest::Method;
use serde_json::json;

use crate::support::{Requested, product, wrong};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_proves_his_address_has_an_account_and_is_signed_in() {
    product(async |product| {
        let answer = product.ask_to_sign_up("john@doe.net", "johny").await.expect(202);
        let requested = Requested::of(&answer);
        assert_eq!(requested.bearer.len(), 64);
        product.session(&requested.bearer).await.refused(401, "verified");

        let code = product.newest_code("john@doe.net").await;
        product.verify_session(&requested.id, &wrong(&code)).await.refused(401, "code");
        product.verify_session(&requested.id, &code).await.acknowledged();

        let session = product.session(&requested.bearer).await.expect(200);
        assert_eq!(session.body["sessionID"], requested.session_id);
        assert_eq!(session.body["expireAt"], answer.body["expireAt"]);
        let user = product.call(Method::GET, &format!("/user/id/{}", session.text("userID")), json!(null)).await;
        assert_eq!(user.expect(200).body, json!({"alias": "johny"}));
    })
    .await;
}
