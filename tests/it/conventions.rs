//! Conventions of all endpoints: statuses, headers, problems, and the accepted formats of bearer
//! tokens and codes.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{BASE, Requested, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const UNKNOWN: &str = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e";

/// Every endpoint that requires a bearer token, with a body if it takes one.
fn authenticated_endpoints() -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::GET, "/session".to_owned(), None),
        (Method::PUT, "/session/extend".to_owned(), None),
        (Method::DELETE, format!("/session/{UNKNOWN}"), None),
        (Method::GET, "/sessions".to_owned(), None),
        (Method::POST, "/email".to_owned(), Some(json!({"address": WORK}))),
        (Method::GET, "/emails".to_owned(), None),
        (Method::POST, "/email/verification".to_owned(), Some(json!({"address": WORK}))),
        (Method::PUT, "/email/preferred".to_owned(), Some(json!({"emailID": UNKNOWN}))),
        (Method::DELETE, format!("/email/{UNKNOWN}"), None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_return_200_and_writes_202() {
    product(async |product| {
        let (john, code) = product.sign_up_code(JOHN, "johny").await;
        let proof = json!({"verificationCodeID": john.id, "code": code});
        let call = async |method: Method, path: &str, body: Value| {
            let status = if method == Method::GET { 200 } else { 202 };
            product.call_as(&john.bearer, method, path, Some(body)).await.expect(status)
        };
        // `Answer` checks the other conventions of every response that it reads.
        call(Method::PUT, "/session/verification", proof).await;
        let user = call(Method::GET, "/session", json!(null)).await.text("userID");
        call(Method::GET, &format!("/user/id/{user}"), json!(null)).await;
        call(Method::POST, "/user", json!({"email": "jane@doe.net", "fullName": "Jane", "alias": "jane"})).await;
        let other = Requested::of(&call(Method::POST, "/session", json!({"email": JOHN})).await);
        product.verify_session(&other.id, &product.newest_code(JOHN).await).await.acknowledged();
        call(Method::PUT, "/session/extend", json!(null)).await.acknowledged();
        call(Method::GET, "/sessions", json!(null)).await;
        call(Method::DELETE, &format!("/session/{}", other.session_id), json!(null)).await.acknowledged();
        call(Method::POST, "/email", json!({"address": WORK})).await;
        let again =
            call(Method::POST, "/email/verification", json!({"address": WORK})).await.text("verificationCodeID");
        let proof = json!({"verificationCodeID": again, "code": product.newest_code(WORK).await});
        call(Method::PUT, "/email/verification", proof).await.acknowledged();
        let emails = call(Method::GET, "/emails", json!(null)).await.body["emails"].clone();
        let id = |address: &str| {
            let email = emails.as_array().unwrap().iter().find(|email| email["address"] == address);
            email.unwrap()["emailID"].as_str().unwrap().to_owned()
        };
        call(Method::PUT, "/email/preferred", json!({"emailID": id(WORK)})).await.acknowledged();
        call(Method::DELETE, &format!("/email/{}", id(JOHN)), json!(null)).await.acknowledged();
    })
    .await;
}

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
            product.user(UNKNOWN).await.expect(404),
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
        put.item("pk", text(&format!("USER#{UNKNOWN}"))).item("sk", text("USER")).send().await.unwrap();
        let response = product.user(UNKNOWN).await.expect(500);
        let delete = client.delete_item().table_name(product.table().await);
        delete.key("pk", text(&format!("USER#{UNKNOWN}"))).key("sk", text("USER")).send().await.unwrap();
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
        let response = product.user(UNKNOWN).await.expect(503);
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
async fn every_refusal_has_a_unique_error_id() {
    product(async |product| {
        let mut ids = BTreeSet::new();
        for _ in 0..5 {
            let response = product.user(UNKNOWN).await.expect(404);
            ids.insert(response.header("x-error-id").unwrap().to_owned());
        }
        assert_eq!(ids.len(), 5);
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

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_an_active_session_are_refused_and_write_nothing() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let (pending, _) = product.sign_in_code(JOHN).await;
        let before = product.contents().await;
        let refusals = async {
            for (method, path, body) in authenticated_endpoints() {
                let request = || {
                    let request = product.request(method.clone(), &path);
                    // Without authentication, the errors of a body are not reported.
                    if body.is_some() { request.json(&json!({})) } else { request }
                };
                product.send(request()).await.refused(401, "bearer");
                for value in [
                    String::new(),
                    "Bearer".to_owned(),
                    format!("Basic {}", john.bearer),
                    format!("Bearer {} {}", john.bearer, john.bearer),
                    format!("Bearer {}, Bearer {}", john.bearer, john.bearer),
                    format!("Bearer {}", john.session_id),
                    format!("Bearer {}", pending.bearer),
                    pending.bearer.clone(),
                ] {
                    product.send(request().header("authorization", value)).await.refused(401, "bearer");
                }
                let duplicated = request().bearer_auth(&john.bearer).bearer_auth(&john.bearer);
                product.send(duplicated).await.refused(401, "bearer");
                let query = product.request(method.clone(), &format!("{path}?bearer={}", john.bearer));
                let query = query.header("x-authorization", &john.bearer);
                product.send(query.header("cookie", format!("bearer={}", john.bearer))).await.refused(401, "bearer");
            }
        };
        product.mailing(refusals, &[]).await;
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
            product.send(request).await.acknowledged();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_a_string_or_an_integer_without_leading_zeros() {
    product(async |product| {
        // One in ten codes begins with a zero.
        for number in 0.. {
            let address = format!("{number}@doe.net");
            let (requested, code) = product.sign_up_code(&address, &format!("j{number}")).await;
            if !code.starts_with('0') {
                continue;
            }
            let short: u64 = code.parse().unwrap();
            // A string must have all six digits.
            let body = json!({"verificationCodeID": requested.id, "code": short.to_string()});
            product.call(Method::PUT, "/session/verification", body).await.refused(400, "code must be");
            let body = json!({"verificationCodeID": requested.id, "code": short});
            product.call(Method::PUT, "/session/verification", body).await.acknowledged();
            let (requested, code) = product.sign_in_code(&address).await;
            let body = json!({"verificationCodeID": requested.id, "code": format!(" {code} ")});
            product.call(Method::PUT, "/session/verification", body).await.acknowledged();
            break;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_parameters_and_bodies_are_ignored() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let body = json!({"email": JOHN, "more": [{"email": "jane@doe.net"}], "Email": 7, "": null});
        product.call(Method::POST, "/session", body).await.expect(202);
        let request = product.request(Method::GET, "/session?sessionID=7&x").header("accept", "text/html");
        product.send(request.bearer_auth(&john.bearer).body("no JSON")).await.expect(200);
        // IDs are accepted in upper case and returned in lower case.
        let user = product.user(&john.user_id.to_uppercase()).await.expect(200);
        assert_eq!(user.body, json!({"alias": "johny"}));
    })
    .await;
}
