//! `POST /email/verification`: a new code for an unverified address.

use insta::assert_json_snapshot;

use crate::support::{EmailKind, product};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_is_mailed_and_the_old_one_stays_valid() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (first, first_code) = product.email_code(&john, WORK).await;
        let second = product.mailing(product.ask_again(&john, WORK), &[(EmailKind::Code, WORK)]).await.expect(202);
        assert_json_snapshot!(product.redacted(&second.body), @r#"
        {
          "verificationCodeID": "[ID]"
        }
        "#);
        let (second, second_code) = (second.text("verificationCodeID"), product.newest_code(WORK).await);
        product.verify_email(&second, &first_code).await.refused(401, "code");
        product.verify_email(&first, &first_code).await.acknowledged();
        // The other code is void, and sends no notice.
        product.mailing(product.verify_email(&second, &second_code), &[]).await.refused(401, "code");
        assert_eq!(product.emails(&john).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_code_verifies_the_address() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        let id = product.ask_again(&john, " John@WORK.example. ").await.expect(202).text("verificationCodeID");
        let code = product.newest_code(WORK).await;
        product.verify_email(&id, &code).await.acknowledged();
        assert_eq!(product.emails(&john).await[1]["verified"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_address_needs_no_code() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.add_email(&john, WORK).await;
        let before = product.contents().await;
        for address in [JOHN, WORK] {
            let answer = product.mailing(product.ask_again(&john, address), &[]).await.refused(400, "already verified");
            assert_eq!(answer.body["errors"][0]["field"], "address");
        }
        product.assert_unchanged_but_rate_limits(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_caller_has_not_added_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        product.ask_to_add(&jane, WORK).await.expect(202);
        let mut answers = Vec::new();
        for address in ["unknown@doe.net", "jane@doe.net", WORK] {
            let answer =
                product.mailing(product.ask_again(&john, address), &[]).await.refused(404, "address not found");
            answers.push(product.redacted(&answer.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_verified_the_address_meanwhile_is_notified() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        product.sign_up(WORK, "worker").await;
        product.mailing(product.ask_again(&john, WORK), &[(EmailKind::BelongsToAnother, WORK)]).await.expect(202);
    })
    .await;
}
