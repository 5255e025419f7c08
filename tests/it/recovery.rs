//! Recovery: the owner of a removed address takes the account back by signing in with it (contract,
//! Recovery).

mod limits;

use std::time::Duration;

use serde_json::Value;

use crate::support::{EmailKind, Person, Product, Settings, product, product_with};

const OWNER: &str = "owner@doe.net";
const EVIL: &str = "evil@attacker.example";
const DAY: Duration = Duration::from_hours(24);
const PERIOD: Duration = Duration::from_hours(72);

/// The addresses of an account, with whether each is verified and preferred.
async fn addresses(product: &Product, person: &Person) -> Vec<(String, bool, bool)> {
    let emails = product.emails(person).await;
    let is = |email: &Value, which: &str| email[which] == true;
    let address = |email: &Value| email["address"].as_str().expect("an address").to_owned();
    emails.iter().map(|email| (address(email), is(email, "verified"), is(email, "preferred"))).collect()
}

/// Replaces the owner's address by the attacker's, in a session of the owner.
async fn take_over(product: &Product, stolen: &Person) {
    let first = product.email_id(stolen, OWNER).await;
    let evil = product.add_email(stolen, EVIL).await;
    product.prefer(stolen, &evil).await.acknowledged();
    product.delete_email(stolen, &first).await.acknowledged();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_takes_the_account_back_from_an_attacker() {
    product_with(Settings::with_mail_for_all(), async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        take_over(product, &owner).await;
        let attacker = product.sign_in_through(&owner, EVIL).await;
        let (pending, pending_code) = product.email_code(&attacker, "evil.2@attacker.example").await;
        let (signing_in, sign_in_code) = product.sign_in_code(EVIL).await;

        let (asked, code) = product.sign_in_code(OWNER).await;
        let text = product.emails_to(OWNER).await.pop().expect("an email").text.replace('\n', " ");
        assert!(text.contains("Signing in with this code restores it"), "{text}");
        let expected = &[(EmailKind::AccountRecovered, OWNER), (EmailKind::UnverifiedByRecovery, EVIL)];
        product.mailing(product.verify_session(&asked.id, &code), expected).await.acknowledged();

        // Every other session has ended, the one that the owner signed up with included.
        let back = Person { bearer: asked.bearer, ..owner.clone() };
        for ended in [&owner, &attacker] {
            product.session(&ended.bearer).await.refused(401, "bearer");
        }
        assert_eq!(product.session(&back.bearer).await.expect(200).text("userID"), owner.user_id);
        assert_eq!(product.sessions(&back).await.len(), 1);
        let expected = [(OWNER, true, true), (EVIL, false, false), ("evil.2@attacker.example", false, false)];
        let expected = expected.map(|(address, verified, preferred)| (address.to_owned(), verified, preferred));
        assert_eq!(addresses(product, &back).await, expected);
        // Nothing that the attacker prepared works.
        product.verify_email(&pending, &pending_code).await.refused(401, "code");
        product.verify_session(&signing_in.id, &sign_in_code).await.refused(401, "code");
        product.mailing(product.ask_to_sign_in(EVIL), &[(EmailKind::NoAccount, EVIL)]).await.expect(202);
        // The owner can do everything at once.
        for (address, ..) in &expected[1..] {
            let id = product.email_id(&back, address).await;
            product.delete_email(&back, &id).await.acknowledged();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_removed_address_is_notified_how_to_recover_and_until_when() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let first = product.email_id(&owner, OWNER).await;
        let evil = product.add_email(&owner, EVIL).await;
        product.prefer(&owner, &evil).await.acknowledged();
        let expected = &[(EmailKind::AddressRemoved, OWNER), (EmailKind::AddressRemoved, EVIL)];
        product.mailing(product.delete_email(&owner, &first), expected).await.acknowledged();
        let until = product.stack.clock().now().plus(PERIOD).seconds() / 60 * 60;
        let minute = |seconds: i64| format!("{:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60);
        let text = product.emails_to(OWNER).await.last().expect("an email").text.replace('\n', " ");
        let is_until = |minutes: i64| text.contains(&minute(until - 60 * minutes));
        assert!(text.contains("takes the account back") && (is_until(0) || is_until(1)), "{text}");
        // The previous notice sent the owner here, and its advice still works.
        let earlier = product.emails_to(OWNER).await;
        assert!(earlier.iter().all(|mail| !mail.text.contains("You can still sign in")));
        product.sign_in(&owner).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_account_gets_the_address_during_the_period() {
    product(async |product| {
        let other = product.sign_up("other@doe.net", "other").await;
        let (early, early_code) = product.email_code(&other, OWNER).await;
        let owner = product.sign_up(OWNER, "olive").await;
        product.pass(Duration::from_mins(5));
        take_over(product, &owner).await;
        product.verify_email(&early, &early_code).await.refused(401, "code");
        product.mailing(product.ask_again(&other, OWNER), &[(EmailKind::BelongsToAnother, OWNER)]).await.expect(202);
        let sign_up = product.ask_to_sign_up(OWNER, "another");
        product.mailing(sign_up, &[(EmailKind::AlreadyRegistered, OWNER)]).await.expect(202);
        // Afterwards the address is free.
        product.pass(PERIOD);
        product.mailing(product.ask_to_sign_in(OWNER), &[(EmailKind::NoAccount, OWNER)]).await.expect(202);
        product.sign_up(OWNER, "another").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_can_add_a_removed_address_again_without_recovery() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        let work = product.add_email(&owner, "owner@work.example").await;
        product.delete_email(&owner, &work).await.acknowledged();
        let (id, code) = product.email_code(&owner, "owner@work.example").await;
        let expected = &[(EmailKind::AddressVerified, OWNER)];
        product.mailing(product.verify_email(&id, &code), expected).await.acknowledged();
        let expected = [(OWNER, true, true), ("owner@work.example", true, false)];
        let expected = expected.map(|(address, verified, preferred)| (address.to_owned(), verified, preferred));
        assert_eq!(addresses(product, &owner).await, expected);
        // It is an address like any other: signing in with it recovers nothing.
        product.sign_in_through(&owner, "owner@work.example").await;
        product.session(&owner.bearer).await.expect(200);
        assert_eq!(addresses(product, &owner).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_replaces_an_unverified_entry_of_the_address() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        take_over(product, &owner).await;
        // The attacker adds the owner's address again, and cannot verify it.
        let (id, code) = product.email_code(&owner, OWNER).await;
        let back = product.sign_in(&owner).await;
        let expected = [(OWNER.to_owned(), true, true), (EVIL.to_owned(), false, false)];
        assert_eq!(addresses(product, &back).await, expected);
        product.verify_email(&id, &code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_were_verified_long_before_stay_verified() {
    product(async |product| {
        let owner = product.sign_up(OWNER, "olive").await;
        product.add_email(&owner, "owner@old.example").await;
        product.pass(PERIOD);
        let owner = product.sign_in(&owner).await;
        product.add_email(&owner, "owner@recent.example").await;
        product.pass(DAY);
        let owner = product.sign_in(&owner).await;
        take_over(product, &owner).await;
        product.add_email(&owner, "evil.2@attacker.example").await;
        product.pass(DAY);
        let back = product.sign_in(&owner).await;
        let mut verified: Vec<_> =
            addresses(product, &back).await.into_iter().filter(|(_, verified, _)| *verified).collect();
        verified.sort();
        assert_eq!(verified, [(OWNER.to_owned(), true, true), ("owner@old.example".to_owned(), true, false)]);
    })
    .await;
}
