//! `GET /user/id/{id}`: the public profile of a user.

use reqwest::Method;
use serde_json::json;

use crate::support::product;

#[tokio::test(flavor = "multi_thread")]
async fn the_alias_of_a_user_is_public_and_nothing_else_is() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "Johny").await;
        assert_eq!(product.user(&john.user_id).await.expect(200).body, json!({"alias": "Johny"}));
        // The endpoint does not read the bearer token, so an invalid one does not matter.
        let path = format!("/user/id/{}", john.user_id);
        assert_eq!(
            product.call_as("stale", Method::GET, &path, None).await.expect(200).body,
            json!({"alias": "Johny"})
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_case_of_an_id_does_not_matter() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let user = product.user(&john.user_id.to_uppercase()).await.expect(200);
        assert_eq!(user.body, json!({"alias": "johny"}));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_belongs_to_no_user_is_a_404() {
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let (pending, _) = product.sign_up_code("jane@doe.net", "jane").await;
        let email = product.email_id(&john, "john@doe.net").await;
        let unknown = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e".to_owned();
        for id in [unknown, john.session_id, email, pending.session_id, pending.id] {
            product.user(&id).await.refused(404, "User not found");
        }
    })
    .await;
}
