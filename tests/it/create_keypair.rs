//! `POST /keypair`: creating a key pair.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EmailKind, KeyPair, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

fn is_alphanumeric(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_is_returned_once_and_inactive_until_it_is_verified() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let now = product.stack.clock().now().seconds();
        let asked = product.ask_for_key_pair(&john, "  Nightly backup ");
        let created = product.mailing(asked, &[(EmailKind::Code, JOHN)]).await.expect(202);
        let key_pair = KeyPair::of(&created);
        assert!(is_alphanumeric(&key_pair.key, 32) && is_alphanumeric(&key_pair.secret, 64), "{key_pair:?}");
        assert_eq!((&created.body["keyName"], &created.body["verified"]), (&json!("Nightly backup"), &json!(false)));
        let lifetime = created.body["expireAt"].as_i64().expect("a time") - now;
        assert!((90 * 86_400..90 * 86_400 + 10).contains(&lifetime), "{lifetime}");
        assert_eq!(created.body.as_object().expect("an object").len(), 7);
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        // Another one has nothing in common with it.
        let other = KeyPair::of(&product.ask_for_key_pair(&john, "Nightly backup").await.expect(202));
        assert!(other.key != key_pair.key && other.secret != key_pair.secret && other.id != key_pair.id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_goes_to_the_preferred_address_and_names_the_key_pair() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.prefer(&john, &work).await.acknowledged();
        let name = "<b>Backup</b> https://evil.example";
        product.mailing(product.ask_for_key_pair(&john, name), &[(EmailKind::Code, WORK)]).await.expect(202);
        let mail = product.emails_to(WORK).await.into_iter().rfind(|mail| EmailKind::of(mail) == EmailKind::Code);
        let mail = mail.expect("an email");
        let text = mail.text.replace('\n', " ");
        assert!(text.contains("\"<b>Backup<_b> https___evil_example\""), "{text}");
        assert!(!mail.html.contains("<b>") && !mail.subject.contains("Backup"), "{}", mail.subject);
        // It can be deleted from the list, whatever its name.
        assert_eq!(product.key_pairs(&john).await[0]["keyName"], name);
        let german = product.request(Method::POST, "/keypair").header("accept-language", "de");
        let german = german.bearer_auth(&john.bearer).json(&json!({"name": "Sicherung", "days": 1}));
        product.send(german).await.expect(202);
        let mail = product.emails_to(WORK).await.pop().expect("an email");
        assert!(mail.text.contains("API-Schlüssel „Sicherung“"), "{}", mail.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_that_is_not_verified_disappears_with_its_code() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        product.pass(Duration::from_mins(9));
        assert_eq!(product.key_pairs(&john).await.len(), 1);
        product.pass(Duration::from_mins(1));
        assert_eq!(product.key_pairs(&john).await.len(), 0);
        product.verify_key_pair(&key_pair.code_id, &code).await.refused(401, "code");
        product.delete_key_pair(&john, &key_pair.id).await.refused(404, "Key pair not found");
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eleventh_key_pair_is_refused_until_one_is_deleted_or_expires() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let first = product.add_key_pair(&john).await;
        for _ in 2..=10 {
            product.ask_for_key_pair(&john, "Nightly backup").await.expect(202);
        }
        let before = product.contents().await;
        let eleventh = product.ask_for_key_pair(&john, "Nightly backup");
        let limit = "Key pair limit reached. Delete a key pair first.";
        product.mailing(eleventh, &[]).await.refused(403, limit);
        product.assert_unchanged_but_rate_limits(&before).await;
        product.delete_key_pair(&john, &first.id).await.acknowledged();
        product.ask_for_key_pair(&john, "Nightly backup").await.expect(202);
        product.ask_for_key_pair(&john, "Nightly backup").await.refused(403, limit);
        product.pass(Duration::from_mins(10));
        product.ask_for_key_pair(&john, "Nightly backup").await.expect(202);
        // Another user has a limit of their own.
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.add_key_pair(&jane).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_days_are_checked_and_all_errors_reported_at_once() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let before = product.contents().await;
        let create = async |name: Value, days: Value| {
            let body = json!({"name": name, "days": days});
            product.call_as(&john.bearer, Method::POST, "/keypair", Some(body)).await
        };
        for name in [json!(""), json!("\u{200b}"), json!("a\nb"), json!("a\u{202e}b"), json!("é".repeat(65)), json!(7)]
        {
            create(name, json!(90)).await.refused(400, "name must");
        }
        let whole = "days must be a whole number from 1 to 365";
        for days in [json!(0), json!(-1), json!(366), json!(1.5), json!("90"), json!(1e300), json!(true), json!([1])] {
            create(json!("Backup"), days).await.refused(400, whole);
        }
        let both = create(Value::Null, json!(0)).await.refused(400, "name is missing; days must");
        assert_eq!(both.body["errors"].as_array().map(Vec::len), Some(2));
        product.assert_unchanged(&before).await;
        for (name, days) in [("é".repeat(64), json!(365)), ("1".to_owned(), json!(1.0))] {
            create(json!(name), days).await.expect(202);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_key_pairs_count_for_the_rate_limit_of_the_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for _ in 0..2 {
            product.ask_for_key_pair(&john, "Nightly backup").await.expect(202);
        }
        let before = product.contents().await;
        let refused = product.ask_for_key_pair(&john, "Nightly backup");
        product.mailing(refused, &[]).await.refused(429, "Too many codes requested");
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_choose_what_the_service_assigns_to_a_key_pair() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let body = json!({
            "name": "Backup", "days": 1, "verified": true, "verifiedAt": 1, "userID": john.user_id, "roles": ["admin"],
            "apiKey": "JohnKeys".repeat(4), "apiSecret": "Keep".repeat(16), "expireAt": 4_102_444_800_u64,
        });
        let created = product.call_as(&jane.bearer, Method::POST, "/keypair", Some(body)).await.expect(202);
        assert_ne!(created.text("apiKey"), "JohnKeys".repeat(4));
        let key_pair = KeyPair::of(&created);
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        let code = product.newest_code("jane@doe.net").await;
        product.verify_key_pair(&key_pair.code_id, &code).await.acknowledged();
        let checked = product.check_key_pair(&key_pair).await.expect(200);
        assert_eq!((checked.text("userID"), &checked.body["roles"]), (jane.user_id, &json!(["user"])));
        assert_eq!(product.key_pairs(&john).await.len(), 0);
    })
    .await;
}
