//! `PUT /email/verification`: verifying an address.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{EmailKind, product, wrong};

const JOHN: &str = "john@doe.net";
const JANE: &str = "jane@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_verifies_an_address_and_the_preferred_one_is_notified_once() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        let verified = product.verify_email_as(&john.bearer, &id, &code);
        product.mailing(verified, &[(EmailKind::AddressVerified, JOHN)]).await.acknowledged();
        let emails = product.emails(&john).await;
        assert_eq!((&emails[1]["address"], &emails[1]["verified"]), (&json!(WORK), &json!(true)));
        assert_eq!(emails[1]["preferred"], false);
        let again = product.verify_email_as(&john.bearer, &id, &code);
        product.mailing(again, &[]).await.refused(401, "code");
    })
    .await;
}

/// `WORK@` and `work@` can be two mailboxes at some provider. If the user of one verified it, the
/// account's email must not go to the other.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_stored_in_the_spelling_that_was_verified() {
    const MISTYPED: &str = "John@work.example";
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, MISTYPED).await.expect(202);
        let (id, code) = product.email_code(&john, WORK).await;
        product.verify_email(&id, &code).await.acknowledged();
        assert_eq!(product.emails(&john).await[1]["address"], WORK);
        let email = product.email_id(&john, WORK).await;
        let preferred = product.prefer(&john, &email);
        product
            .mailing(preferred, &[(EmailKind::NoLongerPreferred, JOHN), (EmailKind::AddressPreferred, WORK)])
            .await
            .acknowledged();
        let sign_in = product.ask_to_sign_in(MISTYPED);
        product.mailing(sign_in, &[(EmailKind::Code, WORK)]).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_its_id_are_enough_without_a_bearer_token() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        product.mailing(product.verify_email(&id, &code), &[(EmailKind::AddressVerified, JOHN)]).await.acknowledged();
        assert_eq!(product.emails(&john).await[1]["verified"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_token_of_another_user_verifies_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up(JANE, "jane").await;
        let (id, code) = product.email_code(&john, WORK).await;
        let foreign = product.verify_email_as(&jane.bearer, &id, &code);
        product.mailing(foreign, &[]).await.refused(401, "code");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
        assert_eq!(product.emails(&jane).await.len(), 1);
        product.verify_email_as(&john.bearer, &id, &code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_without_an_active_session_is_refused() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        let (pending, _) = product.sign_in_code(JOHN).await;
        let closed = product.sign_in(&john).await;
        product.close(&john, &closed.session_id).await.acknowledged();
        for bearer in ["broken", &"x".repeat(64), &pending.bearer, &closed.bearer] {
            let refused = product.verify_email_as(bearer, &id, &code);
            product.mailing(refused, &[]).await.refused(401, "bearer");
        }
        // A header of another scheme is not treated as missing.
        let body = json!({"verificationCodeID": id, "code": code});
        let request = product.request(Method::PUT, "/email/verification").basic_auth("john", Some("doe")).json(&body);
        product.send(request).await.refused(401, "bearer");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_stays_valid_when_the_session_that_requested_it_is_closed() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let closed = product.sign_in(&john).await;
        let (first, first_code) = product.email_code(&closed, WORK).await;
        let (second, second_code) = product.email_code(&closed, "john@home.example").await;
        product.close(&john, &closed.session_id).await.acknowledged();
        product.verify_email_as(&closed.bearer, &first, &first_code).await.refused(401, "bearer");
        // Another session of the user can verify the address, and so can a client without one.
        product.verify_email_as(&john.bearer, &first, &first_code).await.acknowledged();
        product.verify_email(&second, &second_code).await.acknowledged();
        product.session(&closed.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_is_preferred_by_then_is_notified() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let (pending, code) = product.email_code(&john, "john@home.example").await;
        product.prefer(&john, &work).await.acknowledged();
        let verified = product.verify_email(&pending, &code);
        product.mailing(verified, &[(EmailKind::AddressVerified, WORK)]).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_session_verifies_no_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (sign_in, sign_in_code) = product.sign_in_code(JOHN).await;
        let (sign_up, sign_up_code) = product.sign_up_code(JANE, "jane").await;
        let before = product.contents().await;
        for (requested, code) in [(&sign_in, &sign_in_code), (&sign_up, &sign_up_code)] {
            product.verify_email(&requested.id, code).await.refused(401, "code");
            product.verify_email_as(&john.bearer, &requested.id, code).await.refused(401, "code");
        }
        product.assert_unchanged(&before).await;
        // It does not count as an attempt.
        product.verify_session(&sign_in.id, &sign_in_code).await.acknowledged();
        product.verify_session(&sign_up.id, &sign_up_code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_for_ten_minutes() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (first, first_code) = product.email_code(&john, WORK).await;
        let (late, late_code) = product.email_code(&john, "late@doe.net").await;
        product.pass(Duration::from_mins(9));
        product.verify_email(&first, &first_code).await.acknowledged();
        product.pass(Duration::from_mins(1));
        product.verify_email(&late, &late_code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_attempts_even_the_right_code_is_refused() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        for attempt in 0..5 {
            // With and without a bearer token.
            let refused = match attempt % 2 {
                0 => product.verify_email(&id, &wrong(&code)).await,
                _ => product.verify_email_as(&john.bearer, &id, &wrong(&code)).await,
            };
            refused.refused(401, "code");
        }
        product.verify_email(&id, &code).await.refused(401, "code");
        // A new code has attempts of its own.
        product.add_email(&john, WORK).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_guesses_at_codes_of_all_purposes_count_against_the_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (sign_up, sign_up_code) = product.sign_up_code(WORK, "worker").await;
        let (id, code) = product.email_code(&john, WORK).await;
        for _ in 0..5 {
            product.verify_session(&sign_up.id, &wrong(&sign_up_code)).await.refused(401, "code");
            product.verify_email(&id, &wrong(&code)).await.refused(401, "code");
        }
        let (id, code) = product.email_code(&john, WORK).await;
        assert_eq!(code.len(), 12);
        let body = json!({"verificationCodeID": id, "code": code.parse::<u64>().unwrap()});
        product.call(Method::PUT, "/email/verification", body).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_user_who_verifies_an_address_becomes_its_only_owner() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up(JANE, "jane").await;
        let (johns, johns_code) = product.email_code(&john, WORK).await;
        let (janes, janes_code) = product.email_code(&jane, WORK).await;
        product.verify_email(&janes, &janes_code).await.acknowledged();
        product.mailing(product.verify_email(&johns, &johns_code), &[]).await.refused(401, "code");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
        assert_eq!(product.emails(&jane).await[1]["verified"], true);
        assert_eq!(product.sign_in_through(&jane, WORK).await.user_id, jane.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_sign_up_overrides_an_earlier_unverified_addition() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (johns, johns_code) = product.email_code(&john, WORK).await;
        let owner = product.sign_up(WORK, "worker").await;
        product.verify_email(&johns, &johns_code).await.refused(401, "code");
        product.verify_email_as(&john.bearer, &johns, &johns_code).await.refused(401, "code");
        assert_eq!(product.sign_in(&owner).await.user_id, owner.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_deleted_address_does_not_restore_it() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (old, old_code) = product.email_code(&john, WORK).await;
        let email = product.email_id(&john, WORK).await;
        product.delete_email(&john, &email).await.acknowledged();
        product.verify_email(&old, &old_code).await.refused(401, "code");
        // Not even if the address is added again: it is a new entry with codes of its own.
        let (new, new_code) = product.email_code(&john, WORK).await;
        product.verify_email(&old, &old_code).await.refused(401, "code");
        product.verify_email_as(&john.bearer, &old, &old_code).await.refused(401, "code");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
        product.verify_email(&new, &new_code).await.acknowledged();
    })
    .await;
}
