//! `GET /user`: everything that is stored about a user.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{Item, product};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn the_account_has_the_profile_the_addresses_and_the_sessions() {
    product(async |product| {
        let john = product.sign_up(JOHN, "Johny").await;
        product.ask_to_add(&john, "john@work.example").await.expect(202);
        product.pass(Duration::from_mins(5));
        product.sign_in(&john).await;
        assert_json_snapshot!(product.redacted(&product.account(&john).await), @r#"
        {
          "alias": "Johny",
          "createdAt": "[5 min ago]",
          "emails": [
            {
              "address": "john@doe.net",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": true,
              "verified": true
            },
            {
              "address": "john@work.example",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": false,
              "verified": false
            }
          ],
          "fullName": "John Doe",
          "groups": [
            "public"
          ],
          "keys": [],
          "language": "en",
          "roles": [
            "user"
          ],
          "sessions": [
            {
              "createdAt": "[now]",
              "current": false,
              "expireAt": "[in 24 h]",
              "ip": "127.0.0.1",
              "sessionID": "[ID]",
              "userAgent": ""
            },
            {
              "createdAt": "[5 min ago]",
              "current": true,
              "expireAt": "[in 1435 min]",
              "ip": "127.0.0.1",
              "sessionID": "[ID]",
              "userAgent": ""
            }
          ],
          "userID": "[ID]"
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_are_those_of_the_other_endpoints() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, "john@work.example").await;
        let again = product.sign_in(&john).await;
        product.sign_up("jane@doe.net", "jane").await;
        product.pass(Duration::from_mins(5));
        product.add_key_pair(&again).await;
        product.ask_for_key_pair(&again, "CI").await.expect(202);
        let account = product.account(&again).await;
        assert_eq!(account["keys"], json!(product.key_pairs(&again).await));
        assert_eq!(account["emails"], json!(product.emails(&again).await));
        assert_eq!(account["sessions"], json!(product.sessions(&again).await));
        // An export that leaves nothing out: every item of the user is in it.
        let of_john = |item: &&Item| item.text("pk") == format!("USER#{}", john.user_id);
        let stored = product.items().await;
        let stored: Vec<_> = stored.iter().filter(of_john).map(|item| item.text("sk")).collect();
        let ids = ["emails", "sessions", "keys"].map(|list| account[list].as_array().expect("a list").len());
        assert_eq!(stored.len(), 1 + ids.iter().sum::<usize>(), "{stored:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_that_of_the_sign_up() {
    product(async |product| {
        let body = json!({"email": JOHN, "fullName": "John Doe", "alias": "johny"});
        let request = product.request(Method::POST, "/user").header("accept-language", "de-AT").json(&body);
        let asked = product.send(request).await.expect(202);
        let code = product.newest_code(JOHN).await;
        product.verify_session(&asked.text("verificationCodeID"), &code).await.acknowledged();
        let account = product.call_as(&asked.text("bearer"), Method::GET, "/user", None).await.expect(200);
        assert_eq!(account.body["language"], "de");
    })
    .await;
}
