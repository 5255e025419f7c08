//! `POST /session`: requesting a code for a sign-in.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{EmailKind, Requested, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn the_response_has_everything_that_a_client_needs_except_the_code() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        let request = product.request(Method::POST, "/session").header("user-agent", "Firefox");
        let requested = product.send(request.json(&json!({"email": JOHN})));
        let response = product.mailing(requested, &[(EmailKind::Code, JOHN)]).await.expect(202);
        assert_json_snapshot!(product.redacted(&response.body), @r#"
        {
          "bearer": "[bearer]",
          "expireAt": "[in 24 h]",
          "ip": "127.0.0.1",
          "sessionID": "[ID]",
          "userAgent": "Firefox",
          "verificationCodeID": "[ID]"
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_has_its_own_bearer_token_session_and_code() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (one, one_code) = product.sign_in_code(JOHN).await;
        let (other, other_code) = product.sign_in_code(JOHN).await;
        assert!(one.id != other.id && one.bearer != other.bearer && one.session_id != other.session_id);
        // The newer code is redeemed first: neither code voids the other.
        product.verify_session(&other.id, &other_code).await.acknowledged();
        product.verify_session(&one.id, &one_code).await.acknowledged();
        for requested in [one, other] {
            let session = product.session(&requested.bearer).await.expect(200);
            assert_eq!(
                (session.text("sessionID"), session.text("userID")),
                (requested.session_id, john.user_id.clone())
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_verified_address_signs_in_and_the_preferred_one_is_notified() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, WORK).await;
        let signing_in = product.sign_in_through(&john, WORK);
        let again = product.mailing(signing_in, &[(EmailKind::Code, WORK), (EmailKind::SignedInElsewhere, JOHN)]).await;
        assert_eq!(again.user_id, john.user_id);
        // A sign-in through the preferred address sends no notice: that address got the code.
        product.mailing(product.sign_in(&john), &[(EmailKind::Code, JOHN)]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_gets_the_same_response_and_an_explanation() {
    product_with(Settings::known_code_key(), async |product| {
        product.sign_up(JOHN, "johny").await;
        let known = product.ask_to_sign_in(JOHN).await.expect(202);
        let unknown = product.ask_to_sign_in("jane@doe.net");
        let unknown = product.mailing(unknown, &[(EmailKind::NoAccount, "jane@doe.net")]).await.expect(202);
        assert_eq!(product.redacted(&unknown.body), product.redacted(&known.body));

        let (known, unknown) = (Requested::of(&known), Requested::of(&unknown));
        let code = product.derived_code(&unknown.id).await;
        product.verify_session(&unknown.id, &code).await.refused(401, "code");
        product.session(&unknown.bearer).await.refused(401, "bearer");
        let code = product.derived_code(&known.id).await;
        product.verify_session(&known.id, &code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_cannot_sign_in() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        product.mailing(product.ask_to_sign_in(WORK), &[(EmailKind::NoAccount, WORK)]).await.expect(202);
        // Nor can an address with a pending sign-up.
        product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        product.mailing(product.ask_to_sign_in("jane@doe.net"), &[(EmailKind::NoAccount, "jane@doe.net")]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_requested_before_the_sign_up_is_rejected() {
    product_with(Settings::known_code_key(), async |product| {
        let requested = Requested::of(&product.ask_to_sign_in(JOHN).await.expect(202));
        let john = product.sign_up(JOHN, "johny").await;
        let code = product.derived_code(&requested.id).await;
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
        assert_eq!(product.sessions(&john).await.len(), 1);
    })
    .await;
}

/// This prevents session fixation.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_choose_its_session_or_its_bearer_token() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let cookie = format!("bearer={0}; session={1}; sessionID={1}", john.bearer, john.session_id);
        let with_cookie = |method, path| product.request(method, path).header("cookie", &cookie);
        let fixed = json!({"email": JOHN, "sessionID": john.session_id, "bearer": john.bearer});
        let request = with_cookie(Method::POST, "/session").bearer_auth(&john.bearer).json(&fixed);
        let requested = Requested::of(&product.send(request).await.expect(202));
        assert!(requested.session_id != john.session_id && requested.bearer != john.bearer);
        let proof = json!({"verificationCodeID": requested.id, "code": product.newest_code(JOHN).await});
        product.send(with_cookie(Method::PUT, "/session/verification").json(&proof)).await.acknowledged();
        let session = product.session(&requested.bearer).await.expect(200);
        assert_eq!(session.text("sessionID"), requested.session_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_member_kind_is_accepted_and_ignored() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        for kind in [json!("email"), json!(""), json!(7), json!(null), json!({"of": ["session"]})] {
            product.call(Method::POST, "/session", json!({"email": JOHN, "kind": kind})).await.expect(202);
            product.pass(Duration::from_mins(1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_goes_to_the_address_as_its_owner_typed_it() {
    product(async |product| {
        product.sign_up("John.Doe@doe.net", "johny").await;
        let requested = product.ask_to_sign_in(" john.doe@DOE.NET. ");
        product.mailing(requested, &[(EmailKind::Code, "John.Doe@doe.net")]).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_sign_in_leaves_nothing_behind() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (requested, code) = product.sign_in_code(JOHN).await;
        assert_eq!(product.sessions(&john).await.len(), 1);
        product.pass(Duration::from_mins(10));
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
        product.pass(Duration::from_mins(1));
        product.stack.sweep().await.unwrap();
        assert!(product.items().await.iter().all(|item| !item.text("pk").starts_with("CODE#")));
    })
    .await;
}
