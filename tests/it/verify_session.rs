//! `PUT /session/verification`: verifying a code.

use std::time::Duration;

use serde_json::json;

use crate::support::{EmailKind, Product, Settings, UNKNOWN_ID, product, product_with, wrong};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (requested, code) = product.sign_in_code(JOHN).await;
        product.verify_session(&requested.id, &code).await.acknowledged();
        let before = product.contents().await;
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.assert_unchanged(&before).await;
        // Not even after its session was closed.
        product.close(&john, &requested.session_id).await.acknowledged();
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_for_ten_minutes() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        let (in_time, in_time_code) = product.sign_in_code(JOHN).await;
        let (late, late_code) = product.sign_in_code(JOHN).await;
        product.pass(Duration::from_mins(9));
        product.verify_session(&in_time.id, &in_time_code).await.acknowledged();
        product.pass(Duration::from_mins(1));
        product.verify_session(&late.id, &late_code).await.refused(401, "code");
        product.session(&late.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_only_with_the_id_that_it_was_made_for() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        product.sign_up("jane@doe.net", "jane").await;
        let (johns, johns_code) = product.sign_in_code(JOHN).await;
        let (janes, janes_code) = product.sign_in_code("jane@doe.net").await;
        product.verify_session(&johns.id, &janes_code).await.refused(401, "code");
        product.verify_session(&janes.id, &johns_code).await.refused(401, "code");
        product.verify_session(&johns.session_id, &johns_code).await.refused(401, "code");
        product.verify_session(&johns.id, &johns_code).await.acknowledged();
        product.session(&janes.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_an_address_verifies_no_session() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        let before = product.contents().await;
        product.verify_session(&id, &code).await.refused(401, "code");
        // It does not count as an attempt.
        product.assert_unchanged(&before).await;
        product.verify_email(&id, &code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_attempts_even_the_right_code_is_refused() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        let (fourth, code) = product.sign_in_code(JOHN).await;
        guess_wrong(product, &fourth.id, &code, 4).await;
        product.verify_session(&fourth.id, &code).await.acknowledged();

        let (fifth, code) = product.sign_in_code(JOHN).await;
        guess_wrong(product, &fifth.id, &code, 5).await;
        product.verify_session(&fifth.id, &code).await.refused(401, "code");
        product.session(&fifth.bearer).await.refused(401, "bearer");
    })
    .await;
}

async fn guess_wrong(product: &Product, id: &str, code: &str, times: usize) {
    for _ in 0..times {
        product.verify_session(id, &wrong(code)).await.refused(401, "code");
    }
}

/// The response does not reveal whether a code that cannot be redeemed any more was right.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_expired_used_exhausted_and_unknown_codes_are_refused_alike() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        let (expired, expired_code) = product.sign_in_code(JOHN).await;
        product.pass(Duration::from_mins(10));
        let (used, used_code) = product.sign_in_code(JOHN).await;
        product.verify_session(&used.id, &used_code).await.acknowledged();
        let (exhausted, exhausted_code) = product.sign_in_code(JOHN).await;
        guess_wrong(product, &exhausted.id, &exhausted_code, 5).await;
        let (pending, code) = product.sign_in_code(JOHN).await;
        let mut guesses = vec![(pending.id, wrong(&code)), (UNKNOWN_ID.to_owned(), code)];
        for (id, code) in [(expired.id, expired_code), (used.id, used_code), (exhausted.id, exhausted_code)] {
            guesses.extend([(id.clone(), wrong(&code)), (id, code)]);
        }
        let mut refusals = Vec::new();
        for (id, code) in guesses {
            let response = product.verify_session(&id, &code).await.refused(401, "code");
            refusals.push(product.redacted(&response.body));
        }
        assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:#?}");
        insta::assert_json_snapshot!(refusals[0], @r#"
        {
          "detail": "The code was rejected: wrong, expired, already used, or unknown. Request a new one if needed.",
          "instance": "[URN]",
          "status": 401,
          "title": "Code rejected",
          "type": "urn:latchkey:problem:code-refused"
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_wrong_guesses_the_codes_of_an_address_have_twelve_digits() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (sign_in, code) = product.sign_in_code(JOHN).await;
        guess_wrong(product, &sign_in.id, &code, 5).await;
        product.pass(Duration::from_mins(2));
        let (early, early_code) = product.sign_in_code(JOHN).await;
        guess_wrong(product, &early.id, &early_code, 4).await;
        let (ninth, ninth_code) = product.sign_in_code(JOHN).await;
        assert_eq!(ninth_code.len(), 6);
        guess_wrong(product, &ninth.id, &ninth_code, 1).await;

        product.pass(Duration::from_mins(2));
        let (text, code) = product.sign_in_code(JOHN).await;
        assert_eq!(code.len(), 12);
        product.verify_session(&text.id, &code).await.acknowledged();
        let (number, code) = product.sign_in_code(JOHN).await;
        let body = json!({"verificationCodeID": number.id, "code": code.parse::<u64>().unwrap()});
        product.call(reqwest::Method::PUT, "/session/verification", body).await.acknowledged();
        // A code that was mailed before still works unchanged, so the owner is never locked out.
        product.verify_session(&early.id, &early_code).await.acknowledged();
        product.verify_session(&ninth.id, &ninth_code).await.acknowledged();
        // Other addresses still get short codes, and so does this one after a day.
        assert_eq!(product.email_code(&john, WORK).await.1.len(), 6);
        product.pass(Duration::from_hours(24));
        assert_eq!(product.sign_in_code(JOHN).await.1.len(), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_does_not_reset_the_count_of_wrong_guesses() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        for _ in 0..3 {
            product.pass(Duration::from_mins(1));
            let (requested, code) = product.sign_in_code(JOHN).await;
            assert_eq!(code.len(), 6);
            guess_wrong(product, &requested.id, &code, 4).await;
            product.verify_session(&requested.id, &code).await.acknowledged();
        }
        assert_eq!(product.sign_in_code(JOHN).await.1.len(), 12);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_removed_address_verifies_no_session_without_recovery() {
    product_with(Settings::parameter("RecoverySeconds", "0"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let (requested, code) = product.sign_in_code(WORK).await;
        product.delete_email(&john, &work).await.acknowledged();
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        // Nor does it sign in to the account that owns the address by then.
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.add_email(&jane, WORK).await;
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
        assert_eq!((product.sessions(&john).await.len(), product.sessions(&jane).await.len()), (1, 1));
        product.pass(Duration::from_mins(5));
        assert_eq!(product.sign_in_through(&jane, WORK).await.user_id, jane.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_fifty_sessions_the_oldest_is_closed() {
    // Fifty sign-ins within the lifetime of a session exceed the emails that one address gets in a
    // day.
    product_with(Settings::with_mail_for_all(), async |product| {
        let first = product.sign_up(JOHN, "johny").await;
        let mut others = Vec::new();
        for _ in 1..50 {
            product.pass(Duration::from_secs(1));
            let (requested, code) = product.sign_in_code(JOHN).await;
            product.verify_session(&requested.id, &code).await.acknowledged();
            others.push(requested);
        }
        assert_eq!(product.sessions(&first).await.len(), 50);
        product.pass(Duration::from_secs(1));
        let newest = product.mailing(product.sign_in(&first), &[(EmailKind::Code, JOHN)]).await;
        product.session(&first.bearer).await.refused(401, "bearer");
        assert_eq!(product.sessions(&newest).await.len(), 50);
        product.session(&others[0].bearer).await.expect(200);
        // A closed session makes room, so that no other one is closed.
        product.close(&newest, &others[30].session_id).await.acknowledged();
        product.pass(Duration::from_secs(1));
        product.sign_in(&first).await;
        product.session(&others[0].bearer).await.expect(200);
    })
    .await;
}
