//! `GET /session`: checking the session of a bearer token.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Requested, product};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn an_active_session_is_returned_with_its_user() {
    product(async |product| {
        let body = json!({"email": JOHN, "fullName": "John Doe", "alias": "johny"});
        let request = product.request(Method::POST, "/user").header("user-agent", "Firefox").json(&body);
        let requested = Requested::of(&product.send(request).await.expect(202));
        let code = product.newest_code(JOHN).await;
        product.verify_session(&requested.id, &code).await.acknowledged();
        let session = product.session(&requested.bearer).await.expect(200);
        assert_eq!(session.body["sessionID"], requested.session_id);
        // The IP address and the user agent are those of the sign-in, not of this request.
        assert_json_snapshot!(product.redacted(&session.body), @r#"
        {
          "alias": "johny",
          "authenticatedAt": "[now]",
          "expireAt": "[in 24 h]",
          "fullName": "John Doe",
          "groups": [
            "public"
          ],
          "ip": "127.0.0.1",
          "roles": [
            "user"
          ],
          "sessionID": "[ID]",
          "userAgent": "Firefox",
          "userID": "[ID]",
          "verified": true
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_expires_after_24_hours_even_before_ttl_deletes_it() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_hours(23));
        product.session(&john.bearer).await.expect(200);
        product.pass(Duration::from_hours(1));
        product.session(&john.bearer).await.refused(401, "bearer");
        let is_stored = product.items().await.iter().any(|item| item.text("pk").starts_with("SESSION#"));
        assert!(is_stored, "TTL has deleted the session already");
    })
    .await;
}

/// The stored hash of a bearer token has the format of one: 64 letters and digits.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_exact_bearer_token_authenticates() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let email = product.email_id(&john, JOHN).await;
        let (pending, _) = product.sign_in_code(JOHN).await;
        let ids = [&john.user_id, &john.session_id, &email, &pending.id, &pending.session_id];
        let doubled = ids.map(|id| id.replace('-', "").repeat(2));
        let swap = |letter: char| {
            if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        };
        let mut others = vec![
            john.bearer[1..].to_owned(),
            format!("{}x", john.bearer),
            john.bearer.chars().map(swap).collect(),
            "x".repeat(64),
            JOHN.to_owned(),
        ];
        others.extend(ids.map(Clone::clone).into_iter().chain(doubled));
        others.push(pending.bearer);
        let items = product.items().await;
        others.extend(
            items.iter().flat_map(|item| ["pk", "sk", "tokenHash", "nonce"].map(|name| item.text(name).to_owned())),
        );
        let hashes: Vec<_> = items.iter().filter_map(|item| item.text("pk").strip_prefix("SESSION#")).collect();
        assert!(hashes.len() == 1 && hashes[0].len() == 64, "{hashes:?}");
        others.extend(hashes.into_iter().map(str::to_owned));
        for bearer in others {
            product.session(&bearer).await.refused(401, "bearer");
        }
        product.session(&john.bearer).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_changes_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let before = product.contents().await;
        product.pass(Duration::from_hours(1));
        product.session(&john.bearer).await.expect(200);
        product.assert_unchanged(&before).await;
    })
    .await;
}

/// A later release may have stricter rules for what users enter. What is stored stays readable.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_values_that_are_invalid_today_still_works() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, "john@work.example").await.expect(202);
        product.delivered().await;
        let (alias, full_name, address) = ("admin/\u{430}", "John\u{202e}Doe", "john..doe@work");
        for item in product.raw_items().await.iter().filter(|item| item["sk"]["S"] != "CODE") {
            let stored = item.to_string().replace("johny", alias).replace("John Doe", full_name);
            let stored: Value = serde_json::from_str(&stored.replace("john@work.example", address)).expect("JSON");
            product.put_raw(&stored).await;
        }
        let key = json!({"pk": {"S": "ALIAS#johny"}, "sk": {"S": "ALIAS"}});
        let delete = json!({"TableName": product.table().await, "Key": key});
        product.call_dynamodb("DynamoDB_20120810.DeleteItem", &delete).await;

        let again = product.sign_in(&john).await;
        for bearer in [&john.bearer, &again.bearer] {
            let session = product.session(bearer).await.expect(200);
            assert_eq!((session.text("alias"), session.text("fullName")), (alias.to_owned(), full_name.to_owned()));
        }
        assert_eq!(product.user(&john.user_id).await.text("alias"), alias);
        assert_eq!(product.emails(&again).await[1]["address"], address);
    })
    .await;
}
