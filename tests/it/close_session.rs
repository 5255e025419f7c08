//! `DELETE /session/{id}`: closing a session.

use std::time::Duration;

use crate::support::product;

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn the_current_session_is_closed_without_its_id() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        product.close(&john, "current").await.acknowledged();
        product.session(&john.bearer).await.refused(401, "bearer");
        product.session(&other.bearer).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_current_session_signs_the_user_out_at_once() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        product.mailing(product.close(&john, &john.session_id), &[]).await.acknowledged();
        product.session(&john.bearer).await.refused(401, "bearer");
        product.close(&john, &john.session_id).await.refused(401, "bearer");
        product.close(&john, &other.session_id).await.refused(401, "bearer");
        product.session(&other.bearer).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_session_of_the_user_is_closed_at_once_and_only_once() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        product.close(&john, &other.session_id).await.acknowledged();
        product.session(&other.bearer).await.refused(401, "bearer");
        product.close(&john, &other.session_id).await.refused(404, "Session not found");
        product.session(&john.bearer).await.expect(200);
        assert_eq!(product.sessions(&john).await.len(), 1);
        let items = product.items().await;
        assert!(
            items.iter().all(|item| !item.text("sk").contains(&other.session_id)),
            "part of the closed session is left"
        );
        assert_eq!(items.iter().filter(|item| item.text("pk").starts_with("SESSION#")).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_user_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        let before = product.contents().await;
        let foreign = product.close(&john, &jane.session_id).await.refused(404, "Session not found");
        let unknown =
            product.close(&john, "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e").await.refused(404, "Session not found");
        assert_eq!(product.redacted(&foreign.body), product.redacted(&unknown.body));
        product.assert_unchanged(&before).await;
        product.session(&jane.bearer).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_is_not_found() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_hours(12));
        let again = product.sign_in(&john).await;
        product.pass(Duration::from_hours(12));
        product.close(&again, &john.session_id).await.refused(404, "Session not found");
        product.close(&john, &again.session_id).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_session_cannot_be_closed() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (pending, code) = product.sign_in_code(JOHN).await;
        product.close(&john, &pending.session_id).await.refused(404, "Session not found");
        product.verify_session(&pending.id, &code).await.acknowledged();
        product.close(&john, &pending.session_id).await.acknowledged();
    })
    .await;
}
