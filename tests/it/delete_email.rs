//! `DELETE /email/{id}`: taking an address from an account.

use crate::support::{Letter, product};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_address_is_gone_and_the_preferred_one_is_told() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.mailing(product.delete_email(&john, &work), &[(Letter::AddressRemoved, JOHN)]).await.acknowledged();
        assert_eq!(product.emails(&john).await.len(), 1);
        product.mailing(product.ask_to_sign_in(WORK), &[(Letter::NoAccount, WORK)]).await.expect(202);
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
        let claimed = product.email_id(&john, WORK).await;
        product.mailing(product.delete_email(&john, &claimed), &[(Letter::AddressRemoved, JOHN)]).await.acknowledged();
        // The owner's is another entry, and stays.
        assert_eq!(product.emails(&john).await.len(), 1);
        assert_eq!(product.sign_in(&owner).await.user_id, owner.user_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_address_is_free_for_others() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.delete_email(&john, &work).await.acknowledged();
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let janes = product.add_email(&jane, WORK).await;
        product.delete_email(&jane, &janes).await.acknowledged();
        // And for somebody new, who is mailed a code and not told of an account.
        product.pass(std::time::Duration::from_mins(5));
        product.sign_up(WORK, "worker").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preferred_address_stays_until_another_is_preferred() {
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

/// Attack 29.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_somebody_else_is_no_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let preferred = product.email_id(&jane, "jane@doe.net").await;
        let second = product.add_email(&jane, WORK).await;
        let before = product.contents().await;
        let unknown = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e".to_owned();
        let mut answers = Vec::new();
        // Never a 403, which would tell that there is one.
        for id in [preferred, second, unknown] {
            let answer = product.mailing(product.delete_email(&john, &id), &[]).await.refused(404, "address not found");
            answers.push(product.redacted(&answer.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_outlive_the_address_that_they_were_opened_through() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let through = product.sign_in_through(&john, WORK).await;
        product.delete_email(&john, &work).await.acknowledged();
        product.session(&through.bearer).await.expect(200);
    })
    .await;
}
