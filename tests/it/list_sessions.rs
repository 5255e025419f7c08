//! `GET /sessions`: the active sessions of a user.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Product, Requested, product};

const JOHN: &str = "john@doe.net";

async fn sign_in_with(product: &Product, agent: &str) -> Requested {
    // Sessions that start in the same second have no order.
    product.pass(Duration::from_secs(1));
    let request = product.request(Method::POST, "/session").header("user-agent", agent).json(&json!({"email": JOHN}));
    let requested = Requested::of(&product.send(request).await.expect(202));
    let code = product.newest_code(JOHN).await;
    product.verify_session(&requested.id, &code).await.acknowledged();
    requested
}

fn agents(sessions: &[Value]) -> Vec<&str> {
    sessions.iter().map(|session| session["userAgent"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn active_sessions_are_listed_newest_first() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let phone = sign_in_with(product, "Phone").await;
        sign_in_with(product, "Laptop").await;
        let answer = product.call_as(&phone.bearer, Method::GET, "/sessions", None).await.expect(200);
        assert_json_snapshot!(product.redacted(&answer.body), @r#"
        {
          "sessions": [
            {
              "createdAt": "[now]",
              "current": false,
              "expireAt": "[in 24 h]",
              "ip": "127.0.0.1",
              "sessionID": "[ID]",
              "userAgent": "Laptop"
            },
            {
              "createdAt": "[now]",
              "current": true,
              "expireAt": "[in 24 h]",
              "ip": "127.0.0.1",
              "sessionID": "[ID]",
              "userAgent": "Phone"
            },
            {
              "createdAt": "[now]",
              "current": false,
              "expireAt": "[in 24 h]",
              "ip": "127.0.0.1",
              "sessionID": "[ID]",
              "userAgent": ""
            }
          ]
        }
        "#);
        assert_eq!(answer.body["sessions"][2]["sessionID"], john.session_id);
        // The order is that of the sign-ins. Extensions do not change it.
        product.pass(Duration::from_hours(1));
        product.extend(&phone.bearer).await.expect(202);
        assert_eq!(agents(&product.sessions(&john).await), ["Laptop", "Phone", ""]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_expired_and_pending_sessions_are_not_listed() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let closed = sign_in_with(product, "Closed").await;
        product.close(&john, &closed.session_id).await.acknowledged();
        product.pass(Duration::from_hours(12));
        let john = product.sign_in(&john).await;
        product.ask_to_sign_in(JOHN).await.expect(202);
        assert_eq!(product.sessions(&john).await.len(), 2);
        product.pass(Duration::from_hours(12));
        let left = product.sessions(&john).await;
        assert_eq!(left.len(), 1);
        assert_eq!((&left[0]["sessionID"], &left[0]["current"]), (&json!(john.session_id), &json!(true)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_does_not_see_the_sessions_of_others() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        for person in [john, jane] {
            let sessions = product.sessions(&person).await;
            assert_eq!(sessions.len(), 1);
            assert_eq!(sessions[0]["sessionID"], person.session_id);
        }
    })
    .await;
}
