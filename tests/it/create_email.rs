//! `POST /email`: adding an address to an account.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EmailKind, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn an_added_address_is_listed_as_unverified_and_gets_a_code() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let response = product.mailing(product.ask_to_add(&john, WORK), &[(EmailKind::Code, WORK)]).await.expect(202);
        assert_json_snapshot!(product.redacted(&response.body), @r#"
        {
          "verificationCodeID": "[ID]"
        }
        "#);
        let emails = product.emails(&john).await;
        assert_eq!(emails.len(), 2);
        let added = &emails[1];
        assert_eq!(
            (&added["address"], &added["verified"], &added["preferred"]),
            (&json!(WORK), &json!(false), &json!(false))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_an_address_again_sends_a_new_code_and_keeps_the_old_one() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (first, first_code) = product.email_code(&john, WORK).await;
        let again = product.ask_to_add(&john, " JOHN@Work.example.");
        let second = product.mailing(again, &[(EmailKind::Code, "JOHN@Work.example")]).await.expect(202);
        assert_ne!(second.text("verificationCodeID"), first);
        assert_eq!(product.emails(&john).await.len(), 2);
        product.verify_email(&first, &first_code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_user_has_verified_is_refused() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, WORK).await;
        let before = product.contents().await;
        for address in [JOHN, WORK, "JOHN@DOE.NET"] {
            let response = product.mailing(product.ask_to_add(&john, address), &[]).await.refused(400, "your account");
            assert_eq!(response.body["errors"][0]["field"], "address");
        }
        product.assert_unchanged_but_rate_limits(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_notified_when_another_user_adds_the_address() {
    product_with(Settings::known_code_key(), async |product| {
        let john = product.sign_up("John@doe.net", "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let taken = product.ask_to_add(&jane, JOHN);
        let taken = product.mailing(taken, &[(EmailKind::BelongsToAnother, "John@doe.net")]).await.expect(202);
        let free = product.mailing(product.ask_to_add(&jane, WORK), &[(EmailKind::Code, WORK)]).await.expect(202);
        assert_eq!(product.redacted(&taken.body), product.redacted(&free.body));

        // The code that would belong to this ID is rejected, with and without a bearer token, even
        // after the address is free.
        let id = taken.text("verificationCodeID");
        let code = product.derived_code(&id).await;
        product.verify_email(&id, &code).await.refused(401, "code");
        product.verify_email_as(&jane.bearer, &id, &code).await.refused(401, "code");
        let other = product.add_email(&john, "johny@doe.net").await;
        product.prefer(&john, &other).await.acknowledged();
        let first = product.email_id(&john, "John@doe.net").await;
        product.delete_email(&john, &first).await.acknowledged();
        product.verify_email(&id, &code).await.refused(401, "code");

        let id = free.text("verificationCodeID");
        let code = product.derived_code(&id).await;
        product.verify_email(&id, &code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unverified_entries_of_one_address_do_not_block_each_other() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.email_code(&john, WORK).await;
        product.email_code(&jane, WORK).await;
        // They do not block a sign-up with the address either.
        let owner = product.sign_up(WORK, "worker").await;
        assert_eq!(product.emails(&owner).await[0]["address"], WORK);
        for person in [john, jane] {
            assert_eq!(product.emails(&person).await[1]["verified"], false);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eleventh_address_is_refused_until_one_is_deleted() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for number in 2..=10 {
            product.ask_to_add(&john, &format!("john{number}@doe.net")).await.expect(202);
        }
        let before = product.contents().await;
        let eleventh = product.ask_to_add(&john, "john11@doe.net");
        product.mailing(eleventh, &[]).await.refused(403, "Email address limit reached");
        product.assert_unchanged_but_rate_limits(&before).await;
        // Addresses of the account can still get new codes.
        let again = product.ask_to_add(&john, "john10@doe.net");
        product.mailing(again, &[(EmailKind::Code, "john10@doe.net")]).await.expect(202);
        let id = product.email_id(&john, "john2@doe.net").await;
        product.delete_email(&john, &id).await.acknowledged();
        product.ask_to_add(&john, "john11@doe.net").await.expect(202);
        assert_eq!(product.emails(&john).await.len(), 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_international_domain_is_stored_in_punycode() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let added = product.ask_to_add(&john, "John@B\u{fc}cher.de");
        product.mailing(added, &[(EmailKind::Code, "John@xn--bcher-kva.de")]).await.expect(202);
        assert_eq!(product.emails(&john).await[1]["address"], "John@xn--bcher-kva.de");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_stays_unverified_when_its_code_expires() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        product.pass(Duration::from_mins(10));
        product.verify_email(&id, &code).await.refused(401, "code");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
        // A new code can still verify it.
        product.add_email(&john, WORK).await;
        assert_eq!(product.emails(&john).await[1]["verified"], true);
    })
    .await;
}

/// The members belong to responses, to items, or to nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_choose_values_that_the_service_assigns() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let body = json!({
            "address": WORK, "verified": true, "preferred": true, "emailID": john.user_id, "userID": john.user_id,
            "__proto__": {"verified": true}, "roles": ["admin"], "expiresAt": 4_102_444_800_u64, "tries": -100,
        });
        product.call_as(&jane.bearer, Method::POST, "/email", Some(body)).await.expect(202);
        assert_eq!(product.emails(&john).await.len(), 1);
        let added = product.emails(&jane).await.remove(1);
        assert_eq!((&added["verified"], &added["preferred"]), (&Value::Bool(false), &Value::Bool(false)));
        assert_ne!(added["emailID"], Value::String(john.user_id));
    })
    .await;
}
