//! Which conventions do all endpoints share? The problem of every refusal, the methods and paths
//! that exist, and the formats in which a bearer token is accepted.
//!
//! `support::Answer` checks the headers of every response of every test, and `fixtures` the
//! statuses of every endpoint.

use aws_sdk_dynamodb::types::AttributeValue;
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{BASE, Settings, UNKNOWN_ID, authenticated_endpoints, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_with_an_actionable_detail() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        let work = product.email_id(&john, WORK).await;
        let malformed = product.request(Method::POST, "/session").header("content-type", "application/json").body("{");
        for _ in 0..2 {
            product.ask_to_sign_in(JOHN).await.expect(202);
        }
        let responses = [
            product.send(malformed).await.expect(400),
            product.session("stale").await.expect(401),
            product.prefer(&john, &work).await.expect(403),
            product.user(UNKNOWN_ID).await.expect(404),
            product.ask_to_sign_in(JOHN).await.expect(429),
        ];
        let mut responses = responses.map(|response| product.redacted(&response.body));
        // The exact wait depends on the speed of the test.
        let detail = responses[4]["detail"].as_str().unwrap();
        responses[4]["detail"] = detail.replace(char::is_numeric, "").into();
        assert_json_snapshot!(responses, @r#"
        [
          {
            "detail": "The body is not valid UTF-8 JSON",
            "instance": "[URN]",
            "status": 400,
            "title": "Malformed request",
            "type": "urn:latchkey:problem:malformed-request"
          },
          {
            "detail": "Provide the bearer token of an active session: Authorization: Bearer <token>",
            "instance": "[URN]",
            "status": 401,
            "title": "Authentication required",
            "type": "urn:latchkey:problem:unauthenticated"
          },
          {
            "detail": "Only a verified email address can be preferred. Verify it first.",
            "instance": "[URN]",
            "status": 403,
            "title": "Forbidden",
            "type": "urn:latchkey:problem:forbidden"
          },
          {
            "detail": "User not found",
            "instance": "[URN]",
            "status": 404,
            "title": "Not found",
            "type": "urn:latchkey:problem:not-found"
          },
          {
            "detail": "Too many codes requested. Try again in  seconds.",
            "instance": "[URN]",
            "status": 429,
            "title": "Too many requests",
            "type": "urn:latchkey:problem:too-many-requests"
          }
        ]
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_error_is_a_problem_that_does_not_reveal_its_cause() {
    product(async |product| {
        // An item that cannot be decoded as a user.
        let client = product.dynamodb();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = client.put_item().table_name(product.table().await).item("secret", text("the cause"));
        put.item("pk", text(&format!("USER#{UNKNOWN_ID}"))).item("sk", text("USER")).send().await.unwrap();
        let response = product.user(UNKNOWN_ID).await.expect(500);
        let delete = client.delete_item().table_name(product.table().await);
        delete.key("pk", text(&format!("USER#{UNKNOWN_ID}"))).key("sk", text("USER")).send().await.unwrap();
        assert_json_snapshot!(product.redacted(&response.body), @r#"
        {
          "detail": "Internal error. If it persists, report the x-error-id.",
          "instance": "[URN]",
          "status": 500,
          "title": "Internal error",
          "type": "urn:latchkey:problem:internal"
        }
        "#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_dynamodb_is_unreachable_the_response_says_when_to_retry() {
    let unreachable = vec![("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1".to_owned())];
    product_with(Settings { variables: unreachable, ..Settings::default() }, async |product| {
        let response = product.user(UNKNOWN_ID).await.expect(503);
        assert_json_snapshot!(product.redacted(&response.body), @r#"
        {
          "detail": "The service is temporarily unavailable. Try again in a few seconds.",
          "instance": "[URN]",
          "status": 503,
          "title": "Service unavailable",
          "type": "urn:latchkey:problem:unavailable"
        }
        "#);
        product.session(&"x".repeat(64)).await.expect(503);
        product.ask_to_sign_in(JOHN).await.expect(503);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_route_gets_the_404_of_api_gateway() {
    product(async |product| {
        for (method, path) in [
            (Method::GET, "/user"),
            (Method::GET, "/user/id"),
            (Method::GET, "/user/id/"),
            (Method::GET, "/user/johny"),
            (Method::POST, "/user/"),
            (Method::PUT, "/session"),
            (Method::DELETE, "/session"),
            (Method::PATCH, "/email/preferred"),
            (Method::POST, "/sessions"),
            (Method::POST, "/USER"),
            (Method::HEAD, "/session"),
            (Method::GET, "/nothing"),
        ] {
            let response = product.request(method.clone(), path).send().await.unwrap();
            assert_eq!(response.status(), 404, "{method} {path}");
            let own_headers =
                ["x-error", "x-error-id", "cache-control", "x-content-type-options", "content-security-policy"];
            assert!(own_headers.iter().all(|name| !response.headers().contains_key(*name)), "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/json");
            let expected = if method == Method::HEAD { "" } else { "{\"message\":\"Not Found\"}" };
            assert_eq!(response.text().await.unwrap(), expected, "{method} {path}");
        }
        let outside = format!("{}{}", product.stack.api_url(), BASE.replace("v2", "v1"));
        assert_eq!(reqwest::get(format!("{outside}/session")).await.unwrap().status(), 404);
    })
    .await;
}

/// The method and the path come from the request line only.
#[tokio::test(flavor = "multi_thread")]
async fn no_header_overrides_the_method_or_the_path() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let close = format!("/api/auth/v2/session/{}", john.session_id);
        for (name, value) in [
            ("x-http-method-override", "DELETE"),
            ("x-http-method", "DELETE"),
            ("x-method-override", "DELETE"),
            ("x-original-method", "DELETE"),
            ("x-original-url", &close),
            ("x-rewrite-url", &close),
            ("x-forwarded-uri", &close),
            ("x-forwarded-prefix", &close),
        ] {
            let check = product.request(Method::GET, "/session?_method=DELETE").header(name, value);
            let response = product.send(check.bearer_auth(&john.bearer)).await.expect(200);
            assert_eq!(response.text("sessionID"), john.session_id, "{name}");
            let other = product.request(Method::GET, &format!("/session/{}", john.session_id)).header(name, value);
            product.send(other.bearer_auth(&john.bearer)).await.expect(404);
        }
        assert_eq!(product.sessions(&john).await.len(), 1);
    })
    .await;
}

/// Returns values of the `Authorization` header that contain an active bearer token, but cannot be
/// read unambiguously.
fn unreadable_authorization(bearer: &str) -> Vec<String> {
    let (first, second) = bearer.split_at(32);
    vec![
        String::new(),
        "Bearer".to_owned(),
        format!("Basic {bearer}"),
        format!("Token {bearer}"),
        format!("Bearer {first} {second}"),
        format!("Bearer \"{bearer}\""),
        format!("Bearer\u{a0}{bearer}"),
        format!("Bearer {bearer}\u{e9}"),
        format!("Bearer {bearer} {bearer}"),
        format!("Bearer {bearer}, Bearer {bearer}"),
        format!("{bearer},{bearer}"),
        bearer.repeat(100),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_an_active_session_are_refused_and_write_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (pending, _) = product.sign_in_code(JOHN).await;
        let mut values = unreadable_authorization(&john.bearer);
        values.push(format!("Bearer {}", john.session_id));
        values.push(format!("Bearer {}", pending.bearer));
        values.push(pending.bearer);
        let cookie = format!("bearer={0}; Authorization={0}; session={1}; sessionID={1}", john.bearer, john.session_id);
        let before = product.contents().await;
        let refusals = async {
            for (method, path) in authenticated_endpoints() {
                // Without authentication, the errors of a body are not reported.
                let request = || product.request(method.clone(), &path).json(&json!({}));
                product.send(request()).await.refused(401, "bearer");
                for value in &values {
                    product.send(request().header("authorization", value)).await.refused(401, "bearer");
                }
                let duplicated = request().bearer_auth(&john.bearer).bearer_auth(&john.bearer);
                product.send(duplicated).await.refused(401, "bearer");
                let elsewhere = product.request(method.clone(), &format!("{path}?bearer={}", john.bearer));
                let elsewhere = elsewhere.header("x-authorization", &john.bearer).header("cookie", &cookie);
                product.send(elsewhere).await.refused(401, "bearer");
            }
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
    })
    .await;
}

/// `verify_email` has the bearer tokens without an active session.
#[tokio::test(flavor = "multi_thread")]
async fn an_optional_bearer_token_must_be_readable_if_it_is_sent() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (id, code) = product.email_code(&john, WORK).await;
        let before = product.contents().await;
        for value in unreadable_authorization(&john.bearer) {
            let request = product.request(Method::PUT, "/email/verification").header("authorization", value);
            let request = request.json(&json!({"verificationCodeID": id, "code": code}));
            product.send(request).await.refused(401, "bearer");
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_scheme_is_optional_and_case_insensitive() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let token = &john.bearer;
        for value in [token.clone(), format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER  {token}")] {
            for path in ["/session", "/sessions", "/emails"] {
                let request = product.request(Method::GET, path).header("authorization", &value);
                product.send(request).await.expect(200);
            }
            let request = product.request(Method::PUT, "/session/extend").header("authorization", &value);
            product.send(request).await.expect(202);
        }
    })
    .await;
}
