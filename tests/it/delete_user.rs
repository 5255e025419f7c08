//! `DELETE /user`: deletes an account (contract, Deletion).

mod restoring;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{EmailKind, Person, Product, Settings, authenticated_endpoints, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const PERIOD: Duration = Duration::from_hours(72);
const SECOND: Duration = Duration::from_secs(1);

/// Signs John up with a second, verified address and an unverified one.
async fn john(product: &Product) -> Person {
    let john = product.sign_up(JOHN, "johny").await;
    product.add_email(&john, WORK).await;
    product.ask_to_add(&john, "john@unverified.example").await.expect(202);
    john
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_deleted_account_authenticates() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let john = john(product).await;
        let other = product.sign_in(&john).await;
        let key_pair = product.add_key_pair(&john).await;
        let (pending_key_pair, key_code) = product.key_pair_code(&john, JOHN).await;
        let (signing_in, sign_in_code) = product.sign_in_code(JOHN).await;
        let (adding, add_code) = product.email_code(&john, "john@new.example").await;
        let fresh = product.ask_to_reauthenticate(&john.bearer).await.expect(202).text("verificationCodeID");
        let fresh_code = product.newest_code(JOHN).await;
        // A code of the second before is void, one of the same second may be of a sign-in
        // afterwards.
        product.pass(SECOND);
        let expected = &[(EmailKind::AccountDeleted, JOHN), (EmailKind::AccountDeleted, WORK)];
        product.mailing(product.delete_user(&john), expected).await.acknowledged();

        let before = product.contents().await;
        for bearer in [&john.bearer, &other.bearer, &signing_in.bearer] {
            for (method, path) in authenticated_endpoints() {
                product.call_as(bearer, method, &path, None).await.refused(401, "bearer");
            }
        }
        product.user(&john.user_id).await.refused(404, "User not found");
        for (id, code) in [(&signing_in.id, &sign_in_code), (&fresh, &fresh_code)] {
            product.verify_session(id, code).await.refused(401, "code");
        }
        product.verify_email(&adding, &add_code).await.refused(401, "code");
        product.verify_key_pair(&pending_key_pair.code_id, &key_code).await.refused(401, "code");
        for key_pair in [&key_pair, &pending_key_pair] {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
        }
        product.assert_unchanged_but_counters(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_requires_a_fresh_session() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_hours(1));
        let before = product.contents().await;
        product.mailing(product.delete_user(&john), &[]).await.refused(401, "POST /session/reauthentication");
        product.assert_unchanged(&before).await;
        product.reauthenticate(&john, JOHN).await;
        product.delete_user(&john).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alias_and_addresses_stay_reserved_and_are_free_afterwards() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let john = john(product).await;
        product.delete_user(&john).await.acknowledged();
        for _ in 0..2 {
            let jane = product.sign_in(&jane).await;
            product.ask_to_sign_up("jim@doe.net", "JOHNY").await.refused(400, "alias is taken");
            product.update_user(&jane, json!({"alias": "johny"})).await.refused(400, "alias is taken");
            let sign_up = product.ask_to_sign_up(WORK, "jim");
            product.mailing(sign_up, &[(EmailKind::AlreadyRegistered, WORK)]).await.expect(202);
            product.pass(Duration::from_mins(36 * 60 - 10));
        }
        let jane = product.sign_in(&jane).await;
        let addition = product.ask_to_add(&jane, JOHN);
        product.mailing(addition, &[(EmailKind::BelongsToAnother, JOHN)]).await.expect(202);
        product.pass(Duration::from_mins(20));
        // The items are still there, because DynamoDB deletes them late.
        product.mailing(product.ask_to_sign_in(JOHN), &[(EmailKind::NoAccount, JOHN)]).await.expect(202);
        let jim = product.sign_up(WORK, "johny").await;
        assert_ne!(jim.user_id, john.user_id);
        product.add_email(&jane, JOHN).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notices_say_until_when_the_deletion_can_be_undone() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.delete_user(&john).await.acknowledged();
        let until = product.stack.clock().now().plus(PERIOD).seconds() / 60 * 60;
        let minute = |seconds: i64| format!("{:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60);
        let text = product.emails_to(JOHN).await.pop().expect("an email").text.replace('\n', " ");
        // The minute may have passed meanwhile.
        let is_until = |minutes: i64| text.contains(&minute(until - 60 * minutes));
        assert!(text.contains("restores the account") && (is_until(0) || is_until(1)), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_recovery_a_deletion_is_final() {
    product_with(Settings::parameter("RecoverySeconds", "0"), async |product| {
        let john = john(product).await;
        let expected = &[(EmailKind::AccountDeleted, JOHN), (EmailKind::AccountDeleted, WORK)];
        product.mailing(product.delete_user(&john), expected).await.acknowledged();
        let text = product.emails_to(WORK).await.pop().expect("an email").text;
        assert!(text.contains("cannot be restored"), "{text}");
        let left = product.items().await;
        assert!(left.iter().all(|item| !item.text("pk").contains(&john.user_id)), "{left:?}");
        product.mailing(product.ask_to_sign_in(JOHN), &[(EmailKind::NoAccount, JOHN)]).await.expect(202);
        product.sign_up(WORK, "johny").await;
    })
    .await;
}

/// One transaction takes 100 writes, and each session is two of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_account_can_be_deleted_and_restored() {
    let settings = Settings::with_mail_for_all().and("SessionsPerUser", "80").and("EmailsPerUser", "20");
    product_with(settings.and("AccountChangesPerDay", "100"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        for number in 0..19 {
            product.add_email(&john, &format!("john{number}@work.example")).await;
        }
        for _ in 0..79 {
            product.sign_in(&john).await;
        }
        let mut key_pairs = Vec::new();
        for _ in 0..10 {
            key_pairs.push(product.add_key_pair(&john).await);
        }
        assert_eq!(product.sessions(&john).await.len(), 80);
        product.delete_user(&john).await.acknowledged();
        for key_pair in &key_pairs {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
        }
        product.session(&john.bearer).await.refused(401, "bearer");
        let back = product.sign_in_through(&john, "john7@work.example").await;
        assert!(product.emails(&back).await.iter().all(|email| email["verified"] == true));
        assert_eq!((product.emails(&back).await.len(), product.sessions(&back).await.len()), (20, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_counts_as_a_change_of_the_account() {
    product_with(Settings::parameter("AccountChangesPerDay", "1"), async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, WORK).await;
        let before = product.contents().await;
        let refused = product.mailing(product.delete_user(&john), &[]).await.refused(429, "Too many account changes");
        assert!(refused.header("retry-after").is_some());
        product.assert_unchanged(&before).await;
        product.pass(Duration::from_hours(24));
        let john = product.sign_in(&john).await;
        product.delete_user(&john).await.acknowledged();
    })
    .await;
}

/// The life of an account, at the end of which nothing of it is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_used_restored_and_deleted_account_leaves_nothing_behind() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, WORK).await;
        product.update_user(&john, json!({"fullName": "John H. Doe"})).await.acknowledged();
        product.pass(Duration::from_mins(5));
        let key_pair = product.add_key_pair(&john).await;
        product.check_key_pair(&key_pair).await.expect(200);
        let export = product.account(&john).await;
        assert_eq!(export["emails"][1]["address"], WORK);
        assert_eq!(export["keys"][0]["apiKey"], key_pair.key);
        product.close_all(&john, "").await.acknowledged();
        product.session(&john.bearer).await.refused(401, "bearer");
        product.pass(Duration::from_mins(5));
        let again = product.sign_in(&john).await;
        product.delete_user(&again).await.acknowledged();
        product.check_key_pair(&key_pair).await.refused(401, "active key pair");
        let back = product.sign_in_through(&john, WORK).await;
        let restored = product.account(&back).await;
        for unchanged in ["userID", "alias", "fullName", "createdAt", "emails"] {
            assert_eq!(restored[unchanged], export[unchanged], "{unchanged}");
        }
        assert_eq!(restored["keys"], json!([]));
        product.delete_user(&back).await.acknowledged();
        product.delivered().await;
        product.pass(PERIOD + SECOND);
        product.stack.sweep().await.expect("a sweep");
        let left = product.items().await;
        assert!(left.is_empty(), "{left:?}");
        let answer = product.send(product.request(Method::GET, &format!("/user/id/{}", john.user_id))).await;
        answer.refused(404, "User not found");
    })
    .await;
}
