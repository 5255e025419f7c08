//! `DELETE /email/{id}`: removing an address from an account.

use std::time::Duration;

use crate::support::{EmailKind, product};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_address_is_gone_and_it_and_the_preferred_one_are_notified() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let expected = &[(EmailKind::AddressRemoved, JOHN), (EmailKind::AddressRemoved, WORK)];
        product.mailing(product.delete_email(&john, &work), expected).await.acknowledged();
        assert_eq!(product.emails(&john).await.len(), 1);
        product.prefer(&john, &work).await.refused(404, "address not found");
        product.mailing(product.delete_email(&john, &work), &[]).await.refused(404, "address not found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_can_be_deleted_too() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let owner = product.sign_up(WORK, "worker").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        let unverified = product.email_id(&john, WORK).await;
        product
            .mailing(product.delete_email(&john, &unverified), &[(EmailKind::AddressRemoved, JOHN)])
            .await
            .acknowledged();
        // The verified entry of the owner is a different one, and stays.
        assert_eq!(product.emails(&john).await.len(), 1);
        assert_eq!(product.sign_in(&owner).await.user_id, owner.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_address_is_available_to_others_after_the_recovery_period() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.delete_email(&john, &work).await.acknowledged();
        product.pass(Duration::from_hours(72));
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let janes = product.add_email(&jane, WORK).await;
        product.delete_email(&jane, &janes).await.acknowledged();
        // A new user gets a code, and no notice of an existing account.
        product.pass(Duration::from_hours(72));
        product.sign_up(WORK, "worker").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preferred_address_cannot_be_deleted() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let first = product.email_id(&john, JOHN).await;
        let before = product.contents().await;
        product.mailing(product.delete_email(&john, &first), &[]).await.refused(403, "preferred");
        product.assert_unchanged(&before).await;

        let work = product.add_email(&john, WORK).await;
        product.delete_email(&john, &first).await.refused(403, "preferred");
        product.prefer(&john, &work).await.acknowledged();
        product.delete_email(&john, &work).await.refused(403, "preferred");
        product.delete_email(&john, &first).await.acknowledged();
        assert_eq!(product.sign_in_through(&john, WORK).await.user_id, john.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_user_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let preferred = product.email_id(&jane, "jane@doe.net").await;
        let second = product.add_email(&jane, WORK).await;
        let before = product.contents().await;
        let unknown = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e".to_owned();
        let mut responses = Vec::new();
        // A 403 would reveal that the address exists.
        for id in [preferred, second, unknown] {
            let response =
                product.mailing(product.delete_email(&john, &id), &[]).await.refused(404, "address not found");
            responses.push(product.redacted(&response.body));
        }
        assert!(responses.iter().all(|response| *response == responses[0]));
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_outlive_the_address_that_they_were_created_through() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let through = product.sign_in_through(&john, WORK).await;
        product.delete_email(&john, &work).await.acknowledged();
        product.session(&through.bearer).await.expect(200);
    })
    .await;
}
