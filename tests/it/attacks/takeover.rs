//! Attempts to take over accounts and addresses of others, or to keep access to them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{EmailKind, Requested, code_in, product};

const VICTIM: &str = "victim@doe.net";
const EVIL: &str = "evil@attacker.example";

/// An attacker who signs up with the address of a victim gets neither a session nor a code, and
/// does not block the victim.
#[tokio::test(flavor = "multi_thread")]
async fn signing_a_victim_up_in_advance_gives_an_attacker_no_access() {
    product(async |product| {
        let (signed_up, code) = product.sign_up_code(VICTIM, "victim").await;
        let signed_in = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let victim = product.sign_up(VICTIM, "victim").await;
        // Not even the right code helps once the victim has signed up.
        product.verify_session(&signed_up.id, &code).await.refused(401, "code");
        for requested in [&signed_up, &signed_in] {
            product.session(&requested.bearer).await.refused(401, "bearer");
            product.extend(&requested.bearer).await.refused(401, "bearer");
        }
        assert_eq!(product.sessions(&victim).await.len(), 1);
        assert_eq!(product.emails(&victim).await.len(), 1);
        // The attacker's next attempt only sends the victim a notice without a code.
        product.pass(Duration::from_mins(5));
        product
            .mailing(product.ask_to_sign_up(VICTIM, "evil"), &[(EmailKind::AlreadyRegistered, VICTIM)])
            .await
            .expect(202);
    })
    .await;
}

/// An unverified entry does not block the owner of the address, and changes to it affect no other
/// account.
#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_gives_an_attacker_no_hold_on_its_owner() {
    product(async |product| {
        let attacker = product.sign_up(EVIL, "evil").await;
        let (pending, code) = product.email_code(&attacker, VICTIM).await;
        let entry = product.email_id(&attacker, VICTIM).await;
        // An unverified address cannot sign in.
        product.mailing(product.ask_to_sign_in(VICTIM), &[(EmailKind::NoAccount, VICTIM)]).await.expect(202);
        let victim = product.sign_up(VICTIM, "victim").await;
        product.verify_email(&pending, &code).await.refused(401, "code");
        product.verify_email_as(&attacker.bearer, &pending, &code).await.refused(401, "code");
        product.prefer(&attacker, &entry).await.refused(403, "Verify");
        product.pass(Duration::from_mins(5));
        let expected = &[(EmailKind::BelongsToAnother, VICTIM)];
        product.mailing(product.ask_again(&attacker, VICTIM), expected).await.expect(202);
        // Deleting the attacker's entry does not affect the owner.
        product.delete_email(&attacker, &entry).await.acknowledged();
        assert_eq!(product.sign_in(&victim).await.user_id, victim.user_id);
    })
    .await;
}

/// Each code activates one session. A bearer token that an attacker received for the same address
/// stays inactive.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_activates_the_session_of_its_own_request_only() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.pass(Duration::from_mins(5));
        let attacker = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let (own, code) = product.sign_in_code(VICTIM).await;
        product.verify_session(&own.id, &code).await.acknowledged();
        product.session(&own.bearer).await.expect(200);
        product.session(&attacker.bearer).await.refused(401, "bearer");
        // A bearer token that is sent with the code is not activated by it either.
        let (own, code) = product.sign_in_code(VICTIM).await;
        let body = json!({"verificationCodeID": own.id, "code": code, "bearer": attacker.bearer});
        product.call_as(&attacker.bearer, Method::PUT, "/session/verification", Some(body)).await.acknowledged();
        product.session(&attacker.bearer).await.refused(401, "bearer");
    })
    .await;
}

/// Expired items are refused before they are deleted, and deleting them leaves the accounts intact.
#[tokio::test(flavor = "multi_thread")]
async fn after_90_days_only_accounts_remain() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        product.add_email(&victim, "victim@work.example").await;
        product.sign_in(&victim).await;
        product.ask_to_sign_up(EVIL, "evil").await.expect(202);
        product.sent_emails().await;
        product.pass(Duration::from_hours(90 * 24));
        product.session(&victim.bearer).await.refused(401, "bearer");
        product.stack.sweep().await.expect("a sweep");
        let left = product.items().await;
        let is_account = |kind: &str| ["USER", "EMAIL", "ADDRESS", "ALIAS"].contains(&kind);
        let kind = |sk: &str| sk.split('#').next().unwrap_or_default().to_owned();
        assert!(left.iter().all(|item| is_account(&kind(item.text("sk")))), "{left:?}");
        assert_eq!(left.len(), 1 + 2 + 2 + 1, "{left:?}");
        assert_eq!(product.sign_in(&victim).await.user_id, victim.user_id);
        assert!(product.emails_to(EVIL).await.iter().filter_map(code_in).count() == 1);
    })
    .await;
}
