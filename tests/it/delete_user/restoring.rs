//! A sign-in restores an account that was deleted.

use std::time::Duration;

use super::{JOHN, PERIOD, SECOND, WORK, john};
use crate::support::{EmailKind, Person, Settings, product, product_with};

const EVIL: &str = "evil@attacker.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_any_verified_address_restores_the_account() {
    for (address, kinds) in [
        (JOHN, &[(EmailKind::AccountRestored, JOHN)][..]),
        (WORK, &[(EmailKind::AccountRestored, JOHN), (EmailKind::AccountRestored, WORK)][..]),
    ] {
        product(async |product| {
            let john = john(product).await;
            let before = product.account(&john).await;
            product.delete_user(&john).await.acknowledged();
            product.pass(Duration::from_mins(72 * 60 - 5));
            let (asked, code) = product.sign_in_code(address).await;
            let text = product.emails_to(address).await.pop().expect("an email").text.replace('\n', " ");
            assert!(text.contains("Signing in with this code restores it"), "{text}");
            product.mailing(product.verify_session(&asked.id, &code), kinds).await.acknowledged();
            product.verify_session(&asked.id, &code).await.refused(401, "code");
            let back = Person { bearer: asked.bearer, ..john.clone() };
            let after = product.account(&back).await;
            for unchanged in ["userID", "alias", "fullName", "createdAt", "roles", "groups", "emails", "language"] {
                assert_eq!(after[unchanged], before[unchanged], "{unchanged}");
            }
            assert_eq!(after["sessions"].as_array().expect("sessions").len(), 1);
            product.session(&john.bearer).await.refused(401, "bearer");
            product.user(&john.user_id).await.expect(200);
            // Nothing expires with the period of the deletion.
            product.pass(PERIOD);
            product.stack.sweep().await.expect("a sweep");
            assert_eq!(product.account(&product.sign_in(&john).await).await["emails"], before["emails"]);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_does_not_restore_the_account() {
    product(async |product| {
        let john = john(product).await;
        product.delete_user(&john).await.acknowledged();
        let unverified = "john@unverified.example";
        product.mailing(product.ask_to_sign_in(unverified), &[(EmailKind::NoAccount, unverified)]).await.expect(202);
        product.sign_up(unverified, "jim").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_submitted_after_the_period_restores_nothing() {
    product(async |product| {
        let john = john(product).await;
        product.delete_user(&john).await.acknowledged();
        product.pass(Duration::from_mins(72 * 60 - 5));
        let (late, code) = product.sign_in_code(JOHN).await;
        product.pass(Duration::from_mins(5) + SECOND);
        product.verify_session(&late.id, &code).await.refused(401, "code");
        product.session(&late.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_undoes_a_takeover_that_ended_in_a_deletion() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let owner = product.sign_up(JOHN, "johny").await;
        product.add_email(&owner, WORK).await;
        product.pass(PERIOD);
        let owner = product.sign_in(&owner).await;
        let first = product.email_id(&owner, JOHN).await;
        let evil = product.add_email(&owner, EVIL).await;
        product.prefer(&owner, &evil).await.acknowledged();
        product.delete_email(&owner, &first).await.acknowledged();
        product.delete_user(&owner).await.acknowledged();

        let (asked, code) = product.sign_in_code(JOHN).await;
        let expected = &[(EmailKind::AccountRecovered, JOHN), (EmailKind::UnverifiedByRecovery, EVIL)];
        product.mailing(product.verify_session(&asked.id, &code), expected).await.acknowledged();
        let back = Person { bearer: asked.bearer, ..owner.clone() };
        let emails = product.emails(&back).await;
        let shown: Vec<_> = emails.iter().map(|email| (email["address"].as_str(), email["verified"] == true)).collect();
        assert_eq!(shown, [(Some(JOHN), true), (Some(WORK), true), (Some(EVIL), false)]);
        product.mailing(product.ask_to_sign_in(EVIL), &[(EmailKind::NoAccount, EVIL)]).await.expect(202);
        product.sign_in_through(&back, WORK).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_to_recover_an_address_is_void_after_a_deletion() {
    product(async |product| {
        let owner = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&owner, WORK).await;
        product.delete_email(&owner, &work).await.acknowledged();
        let (asked, code) = product.sign_in_code(WORK).await;
        product.pass(SECOND);
        product.delete_user(&owner).await.acknowledged();
        let before = product.contents().await;
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        product.assert_unchanged_but_counters(&before).await;
    })
    .await;
}
