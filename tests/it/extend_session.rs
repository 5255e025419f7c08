//! `PUT /session/extend`: extending a session.

use std::time::Duration;

use serde_json::json;

use crate::support::{EmailKind, product};

const JOHN: &str = "john@doe.net";
const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn an_extended_session_expires_24_hours_later() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_hours(23));
        let extended = product.mailing(product.extend(&john.bearer), &[]).await.expect(202);
        let session = product.session(&john.bearer).await.expect(200);
        assert_eq!(extended.body, json!({"message": "acknowledged", "expireAt": session.body["expireAt"]}));
        assert_eq!(product.redacted(&session.body)["expireAt"], "[in 24 h]");
        assert_eq!(product.sessions(&john).await[0]["expireAt"], session.body["expireAt"]);
        product.pass(Duration::from_hours(23));
        product.session(&john.bearer).await.expect(200);
        product.pass(Duration::from_hours(1));
        product.session(&john.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_lasts_longer_than_30_days_however_often_extended() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let signed_in = product.session(&john.bearer).await.expect(200).body["expireAt"].as_i64().unwrap() - 86_400;
        let end = signed_in + 30 * 86_400;
        for _ in 0..31 {
            product.pass(Duration::from_hours(23));
            product.extend(&john.bearer).await.expect(202);
            let now = product.stack.clock().now().seconds();
            let until = product.session(&john.bearer).await.expect(200).body["expireAt"].as_i64().unwrap();
            assert!(until <= end && (until == end || until > now + 86_000), "{until} {now} {end}");
        }
        // 29 days and 17 hours have passed.
        product.pass(Duration::from_hours(7));
        product.extend(&john.bearer).await.refused(401, "bearer");
        product.session(&john.bearer).await.refused(401, "bearer");
        // A new sign-in starts a new period.
        let again = product.sign_in(&john).await;
        product.extend(&again.bearer).await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_session_cannot_be_extended() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let closed = product.sign_in(&john).await;
        product.close(&john, &closed.session_id).await.acknowledged();
        let (pending, _) = product.sign_in_code(JOHN).await;
        product.pass(DAY);
        let before = product.contents().await;
        for bearer in [&john.bearer, &closed.bearer, &pending.bearer] {
            product.extend(bearer).await.refused(401, "bearer");
            product.session(bearer).await.refused(401, "bearer");
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extending_a_session_does_not_extend_others() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let other = product.sign_in(&john).await;
        product.pass(Duration::from_hours(12));
        product.extend(&john.bearer).await.expect(202);
        product.pass(Duration::from_hours(12));
        product.session(&other.bearer).await.refused(401, "bearer");
        product.session(&john.bearer).await.expect(200);
        product.mailing(product.sign_in(&john), &[(EmailKind::Code, JOHN)]).await;
    })
    .await;
}
