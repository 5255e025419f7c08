//! `PUT /email/preferred`: choosing the address that notices go to.

use crate::support::{EmailKind, product};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn both_addresses_are_notified_and_the_new_one_is_preferred() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let notices = [(EmailKind::NoLongerPreferred, JOHN), (EmailKind::AddressPreferred, WORK)];
        product.mailing(product.prefer(&john, &work), &notices).await.acknowledged();
        let preferred: Vec<_> = product.emails(&john).await.iter().map(|email| email["preferred"] == true).collect();
        assert_eq!(preferred, [true, false]);
        assert_eq!(product.emails(&john).await[0]["address"], WORK);
        // From now on, notices go to the new address.
        product.mailing(product.sign_in(&john), &[(EmailKind::Code, JOHN), (EmailKind::SignedInElsewhere, WORK)]).await;
        let first = product.email_id(&john, JOHN).await;
        let notices = [(EmailKind::AddressRemoved, JOHN), (EmailKind::AddressRemoved, WORK)];
        product.mailing(product.delete_email(&john, &first), &notices).await.acknowledged();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preferring_the_preferred_address_changes_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let id = product.email_id(&john, JOHN).await;
        let before = product.contents().await;
        product.mailing(product.prefer(&john, &id), &[]).await.acknowledged();
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_cannot_be_preferred() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        let id = product.email_id(&john, WORK).await;
        let before = product.contents().await;
        product.mailing(product.prefer(&john, &id), &[]).await.refused(403, "Verify");
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_user_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let second = product.add_email(&jane, WORK).await;
        let before = product.contents().await;
        let foreign = product.mailing(product.prefer(&john, &second), &[]).await.refused(404, "address not found");
        let unknown =
            product.prefer(&john, "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e").await.refused(404, "address not found");
        assert_eq!(product.redacted(&foreign.body), product.redacted(&unknown.body));
        product.assert_unchanged(&before).await;
    })
    .await;
}
