//! The limits of a recovery: its period, and which addresses it works for.

use std::time::Duration;

use super::{EVIL, OWNER, addresses, take_over};
use crate::support::{EmailKind, Person, Settings, product, product_with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_possible_until_the_end_of_the_period() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        take_over(product, &owner).await;
        product.pass(Duration::from_secs(72 * 3600 - 30));
        let back = product.sign_in(&owner).await;
        assert_eq!(addresses(product, &back).await[0], (OWNER.to_owned(), true, true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_recovery_is_possible_after_the_period() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        take_over(product, &owner).await;
        product.pass(Duration::from_mins(72 * 60 - 5));
        let (late, late_code) = product.sign_in_code(OWNER).await;
        product.pass(Duration::from_mins(5) + SECOND);
        // The code is still valid, but the address is not the account's any more.
        product.verify_session(&late.id, &late_code).await.refused(401, "code");
        product.mailing(product.ask_to_sign_in(OWNER), &[(EmailKind::NoAccount, OWNER)]).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_is_simply_removed() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        product.ask_to_add(&owner, EVIL).await.expect(202);
        let unverified = product.email_id(&owner, EVIL).await;
        let expected = &[(EmailKind::AddressRemoved, OWNER)];
        product.mailing(product.delete_email(&owner, &unverified), expected).await.acknowledged();
        product.mailing(product.ask_to_sign_in(EVIL), &[(EmailKind::NoAccount, EVIL)]).await.expect(202);
        product.sign_up(EVIL, "evil").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_can_turn_recovery_off() {
    product_with(Settings::parameter("RecoverySeconds", "0"), async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        take_over(product, &owner).await;
        let notice = product.emails_to(OWNER).await.pop().expect("an email");
        assert!(!notice.text.contains("takes the account back"), "{}", notice.text);
        product.mailing(product.ask_to_sign_in(OWNER), &[(EmailKind::NoAccount, OWNER)]).await.expect(202);
        product.sign_up(OWNER, "another").await;
    })
    .await;
}

/// Otherwise, an attacker whose address was removed could come back again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_address_is_removed_for_good_while_an_older_one_remains() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let evil = product.add_email(&owner, EVIL).await;
        product.delete_email(&owner, &evil).await.acknowledged();
        let attacker = product.sign_in_through(&owner, EVIL).await;
        // The older address keeps its rights, even shortly after it was verified.
        let expected = [(EVIL.to_owned(), true, true), (OWNER.to_owned(), true, false)];
        assert_eq!(addresses(product, &attacker).await, expected);
        let owner = product.sign_in(&owner).await;
        let first = product.email_id(&owner, OWNER).await;
        product.prefer(&owner, &first).await.acknowledged();
        let evil = product.email_id(&owner, EVIL).await;
        product.delete_email(&owner, &evil).await.acknowledged();
        let notice = product.emails_to(EVIL).await;
        assert!(!notice.last().expect("an email").text.contains("takes the account back"));
        product.mailing(product.ask_to_sign_in(EVIL), &[(EmailKind::NoAccount, EVIL)]).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_voids_those_of_younger_addresses_that_were_removed_before() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let evil = product.add_email(&owner, EVIL).await;
        let other = product.add_email(&owner, "evil.2@attacker.example").await;
        let first = product.email_id(&owner, OWNER).await;
        product.prefer(&owner, &other).await.acknowledged();
        product.delete_email(&owner, &evil).await.acknowledged();
        product.delete_email(&owner, &first).await.acknowledged();
        let back = product.sign_in(&owner).await;
        let (asked, code) = product.sign_in_code(EVIL).await;
        let before = product.contents().await;
        product.verify_session(&asked.id, &code).await.refused(401, "code");
        product.assert_unchanged_but_counters(&before).await;
        product.session(&back.bearer).await.expect(200);
        // The owner's right is not lost by a recovery of a younger address.
        let owner = product.sign_up("owner.2@doe.net", "olivia").await;
        let young = product.add_email(&owner, "young@doe.net").await;
        let third = product.add_email(&owner, "third@doe.net").await;
        let first = product.email_id(&owner, "owner.2@doe.net").await;
        product.prefer(&owner, &third).await.acknowledged();
        product.delete_email(&owner, &young).await.acknowledged();
        product.delete_email(&owner, &first).await.acknowledged();
        product.sign_in_through(&owner, "young@doe.net").await;
        let back = product.sign_in(&owner).await;
        assert_eq!(addresses(product, &back).await[0], ("owner.2@doe.net".to_owned(), true, true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_ends_all_of_very_many_sessions() {
    let settings = Settings::with_mail_for_all().and("SessionsPerUser", "80");
    product_with(settings, async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let mut sessions: Vec<Person> = Vec::new();
        for _ in 0..79 {
            sessions.push(product.sign_in(&owner).await);
        }
        take_over(product, &owner).await;
        let back = product.sign_in(&owner).await;
        for ended in sessions.iter().chain([&owner]) {
            product.session(&ended.bearer).await.refused(401, "bearer");
        }
        assert_eq!(product.sessions(&back).await.len(), 1);
    })
    .await;
}
