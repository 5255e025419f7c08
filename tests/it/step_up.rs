//! Step-up: a session must be fresh to change who can sign in (contract, Step-up; RFC 9470).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, EmailKind, Person, Product, Settings, product, product_with, wrong};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// Makes every request that requires a fresh session.
async fn protected_requests(product: &Product, john: &Person, work: &str) -> [Answer; 3] {
    [
        product.ask_to_add(john, "john@new.example").await,
        product.prefer(john, work).await,
        product.delete_email(john, work).await,
    ]
}

async fn authenticated_at(product: &Product, bearer: &str) -> Value {
    product.session(bearer).await.expect(200).body["authenticatedAt"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_session_cannot_change_who_can_sign_in() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.pass(HOUR);
        let before = product.contents().await;
        for answer in product.mailing(protected_requests(product, &john, &work), &[]).await {
            let answer = answer.refused(401, "POST /session/reauthentication");
            assert_eq!(answer.text("type"), "urn:latchkey:problem:step-up-required");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some(r#"Bearer error="insufficient_user_authentication", max_age="3600""#));
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_session_still_does_everything_else() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        let unverified = product.email_id(&john, WORK).await;
        product.pass(HOUR);
        product.ask_again(&john, WORK).await.expect(202);
        product.delete_email(&john, &unverified).await.acknowledged();
        product.extend(&john.bearer).await.expect(202);
        assert_eq!(product.sessions(&john).await.len(), 1);
        product.close(&john, &john.session_id).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_fresh_until_the_last_second_of_its_hour() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_secs(3600 - 5));
        product.ask_to_add(&john, WORK).await.expect(202);
        product.pass(5 * SECOND);
        product.ask_to_add(&john, WORK).await.refused(401, "Verify a code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_code_makes_the_session_fresh_again() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.prefer(&john, &work).await.acknowledged();
        let signed_in = authenticated_at(product, &john.bearer).await;
        product.pass(HOUR);
        let asked = product.mailing(product.ask_to_reauthenticate(&john.bearer), &[(EmailKind::Code, WORK)]).await;
        let (id, code) = (asked.expect(202).text("verificationCodeID"), product.newest_code(WORK).await);
        product.verify_session(&id, &code).await.acknowledged();
        let since = product.stack.clock().now().seconds() - signed_in.as_i64().expect("a time");
        assert!((3600..3610).contains(&since));
        let now = authenticated_at(product, &john.bearer).await.as_i64().expect("a time");
        assert!((3600..=since).contains(&(now - signed_in.as_i64().expect("a time"))));
        product.ask_to_add(&john, "john@new.example").await.expect(202);
        // The code works once.
        product.verify_session(&id, &code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_can_turn_step_up_off() {
    product_with(Settings::parameter("FreshSessionSeconds", "0"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(HOUR * 20);
        let work = product.add_email(&john, WORK).await;
        product.prefer(&john, &work).await.acknowledged();
        // A code can be verified in any case.
        product.reauthenticate(&john, WORK).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_makes_only_the_session_of_its_request_fresh() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.pass(HOUR);
        let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let code = product.newest_code(JOHN).await;
        // With a bearer token, the request is about the session of that token.
        let body = json!({"verificationCodeID": id, "code": code});
        for bearer in [&other.bearer, &jane.bearer] {
            let submit = product.call_as(bearer, Method::PUT, "/session/verification", Some(body.clone()));
            submit.await.refused(401, "code");
        }
        for person in [&john, &other, &jane] {
            product.ask_to_add(person, WORK).await.refused(401, "Verify a code");
        }
        product.verify_session(&id, &code).await.acknowledged();
        product.ask_to_add(&john, WORK).await.expect(202);
        product.ask_to_add(&other, WORK).await.refused(401, "Verify a code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_sign_ins_and_reauthentications_do_not_mix() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(HOUR);
        let stale = authenticated_at(product, &john.bearer).await;
        let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let code = product.newest_code(JOHN).await;
        let (sign_in, sign_in_code) = product.sign_in_code(JOHN).await;
        product.verify_session(&id, &sign_in_code).await.refused(401, "code");
        product.verify_session(&sign_in.id, &code).await.refused(401, "code");
        product.verify_email(&id, &code).await.refused(401, "code");
        // A sign-in opens its own session. The bearer token in the request gains nothing.
        let body = json!({"verificationCodeID": sign_in.id, "code": sign_in_code});
        product.call_as(&john.bearer, Method::PUT, "/session/verification", Some(body)).await.acknowledged();
        assert_eq!(authenticated_at(product, &john.bearer).await, stale);
        assert_ne!(authenticated_at(product, &sign_in.bearer).await, stale);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_session_is_not_made_fresh() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let code = product.newest_code(JOHN).await;
        product.close(&john, &john.session_id).await.acknowledged();
        product.verify_session(&id, &code).await.refused(401, "code");
        product.session(&john.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_removed_address_makes_no_session_fresh() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let first = product.email_id(&john, JOHN).await;
        let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let code = product.newest_code(JOHN).await;
        product.prefer(&john, &work).await.acknowledged();
        product.delete_email(&john, &first).await.acknowledged();
        let before = product.contents().await;
        product.verify_session(&id, &code).await.refused(401, "code");
        product.assert_unchanged_but_counters(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn using_a_session_does_not_make_it_fresh() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let signed_in = authenticated_at(product, &john.bearer).await;
        product.pass(HOUR);
        product.extend(&john.bearer).await.expect(202);
        let id = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let code = product.newest_code(JOHN).await;
        product.verify_session(&id, &wrong(&code)).await.refused(401, "code");
        assert_eq!(authenticated_at(product, &john.bearer).await, signed_in);
        product.ask_to_add(&john, WORK).await.refused(401, "Verify a code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reauthentication_codes_count_for_the_rate_limit_of_the_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for _ in 0..2 {
            product.ask_to_reauthenticate(&john.bearer).await.expect(202);
        }
        let refused = product.ask_to_reauthenticate(&john.bearer).await.refused(429, "Too many codes requested");
        assert!(refused.header("retry-after").is_some());
    })
    .await;
}
