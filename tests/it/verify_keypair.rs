//! `PUT /keypair/verification`: activating a key pair.

use std::time::Duration;

use serde_json::json;

use crate::support::{EmailKind, Settings, product, product_with, wrong};

const JOHN: &str = "john@doe.net";
const JANE: &str = "jane@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_activates_a_key_pair_and_the_owner_is_notified_once() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        let end = product.key_pairs(&john).await[0]["expireAt"].clone();
        let verified = product.verify_key_pair_as(&john.bearer, &key_pair.code_id, &code);
        product.mailing(verified, &[(EmailKind::KeyPairVerified, JOHN)]).await.acknowledged();
        let notice = product.emails_to(JOHN).await.pop().expect("an email");
        let text = notice.text.replace('\n', " ");
        for part in ["Nightly backup", "Delete the API key", "close every session"] {
            assert!(text.contains(part), "{text}");
        }
        // Its expiry is the one that was announced, not that of the code.
        product.pass(Duration::from_hours(24));
        assert_eq!(product.check_key_pair(&key_pair).await.expect(200).body["expireAt"], end);
        let again = product.verify_key_pair(&key_pair.code_id, &code);
        product.mailing(again, &[]).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_key_pair_and_its_id_are_enough() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        product.close(&john, &john.session_id).await.acknowledged();
        product.verify_key_pair_as(&john.bearer, &key_pair.code_id, &code).await.refused(401, "bearer");
        product.verify_key_pair(&key_pair.code_id, &code).await.acknowledged();
        product.check_key_pair(&key_pair).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_token_of_another_user_activates_no_key_pair() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up(JANE, "jane").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        let foreign = product.verify_key_pair_as(&jane.bearer, &key_pair.code_id, &code);
        product.mailing(foreign, &[]).await.refused(401, "code");
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        product.verify_key_pair_as(&john.bearer, &key_pair.code_id, &code).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_key_pairs_and_of_anything_else_do_not_mix() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (first, first_code) = product.key_pair_code(&john, JOHN).await;
        let (second, second_code) = product.key_pair_code(&john, JOHN).await;
        let (email, email_code) = product.email_code(&john, WORK).await;
        let (sign_in, sign_in_code) = product.sign_in_code(JOHN).await;
        let reauthentication = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let reauthentication_code = product.newest_code(JOHN).await;
        let before = product.contents().await;
        for (id, code) in [
            (&email, &email_code),
            (&sign_in.id, &sign_in_code),
            (&reauthentication, &reauthentication_code),
            (&second.code_id, &first_code),
        ] {
            product.verify_key_pair(id, code).await.refused(401, "code");
        }
        product.verify_email(&first.code_id, &first_code).await.refused(401, "code");
        product.verify_session(&first.code_id, &first_code).await.refused(401, "code");
        product.assert_unchanged_but_counters(&before).await;
        product.verify_key_pair(&second.code_id, &second_code).await.acknowledged();
        product.check_key_pair(&first).await.refused(401, "active key pair");
        product.check_key_pair(&second).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_attempts_a_key_pair_stays_inactive() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        for _ in 0..5 {
            product.verify_key_pair(&key_pair.code_id, &wrong(&code)).await.refused(401, "code");
        }
        product.verify_key_pair(&key_pair.code_id, &code).await.refused(401, "code");
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_deleted_key_pair_does_not_restore_it() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        product.delete_key_pair(&john, &key_pair.id).await.acknowledged();
        product.mailing(product.verify_key_pair(&key_pair.code_id, &code), &[]).await.refused(401, "code");
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        assert_eq!(product.key_pairs(&john).await, Vec::<serde_json::Value>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_went_to_a_removed_address_activates_no_key_pair() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let first = product.email_id(&john, JOHN).await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        product.prefer(&john, &work).await.acknowledged();
        product.delete_email(&john, &first).await.acknowledged();
        product.mailing(product.verify_key_pair(&key_pair.code_id, &code), &[]).await.refused(401, "code");
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_is_preferred_by_then_is_notified_of_a_key_pair() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let (key_pair, code) = product.key_pair_code(&john, JOHN).await;
        product.prefer(&john, &work).await.acknowledged();
        let verified = product.verify_key_pair(&key_pair.code_id, &code);
        product.mailing(verified, &[(EmailKind::KeyPairVerified, WORK)]).await.acknowledged();
    })
    .await;
}

/// The owner must learn of it, although the preferred address, which got the code, has complained
/// since and gets no more email.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_about_a_key_pair_goes_to_another_address_if_need_be() {
    let year = "31536000";
    let settings = Settings::parameter("SessionLifetimeSeconds", year).and("SessionMaximumSeconds", year);
    product_with(settings.and("FreshSessionSeconds", "0"), async |product| {
        let complaining = "complaint@simulator.amazonses.com";
        let john = product.sign_up(WORK, "johny").await;
        product.add_email(&john, complaining).await;
        let preferred = product.email_id(&john, complaining).await;
        product.prefer(&john, &preferred).await.acknowledged();
        // The first complaint is forgotten.
        product.pass(Duration::from_hours(31 * 24));
        let (key_pair, code) = product.key_pair_code(&john, complaining).await;
        let verified = product.verify_key_pair(&key_pair.code_id, &code);
        product.mailing(verified, &[(EmailKind::KeyPairVerified, WORK)]).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn activating_a_key_pair_counts_as_a_change_of_the_account() {
    product_with(Settings::parameter("AccountChangesPerDay", "1"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let first = product.add_key_pair(&john).await;
        let (second, code) = product.key_pair_code(&john, JOHN).await;
        let refused = product.verify_key_pair(&second.code_id, &code);
        product.mailing(refused, &[]).await.refused(429, "Too many account changes");
        product.check_key_pair(&second).await.refused(401, "active key pair");
        product.check_key_pair(&first).await.expect(200);
        assert_eq!(product.key_pairs(&john).await[0]["verified"], json!(false));
    })
    .await;
}
