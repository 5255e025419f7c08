//! The event of API Gateway: both payload formats, and events that API Gateway sends rarely or
//! never.

use std::time::Duration;

use serde_json::{Value, json, value::to_raw_value};

use crate::support::{Answer, Product, Requested, endpoints_with_id, function, product, with};

const ADDRESS: &str = "john@doe.net";

/// Invokes a function with an event, and returns its output.
async fn invoke_raw(product: &Product, function: &str, event: &Value) -> Value {
    let response = product.stack.invoke(function, &to_raw_value(event).expect("JSON")).await.expect("a response");
    serde_json::from_str(response.get()).expect("JSON")
}

/// Invokes a function with an event, and checks its response against the contract.
async fn invoke(product: &Product, function: &str, event: &Value) -> Answer {
    Answer::of_function(&invoke_raw(product, function, event).await)
}

/// A minimal event in payload format 2.0.
fn event(method: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "domainName": "id.example", "domainPrefix": "id",
            "http": {"method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
            "requestId": "id", "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64,
        },
        "body": body, "isBase64Encoded": false,
    })
}

/// A minimal event in payload format 1.0.
fn rest_event(method: &str, body: Option<&str>) -> Value {
    json!({
        "resource": "/", "path": "/", "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null, "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "httpMethod": method, "path": "/", "protocol": "HTTP/1.1",
            "requestId": "id", "resourceId": "id", "resourcePath": "/", "stage": "prod",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
        },
        "body": body, "isBase64Encoded": false,
    })
}

fn sign_in() -> String {
    json!({"email": ADDRESS}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_refuses_an_invalid_api_gateway_event_with_a_400() {
    product(async |product| {
        let usual = event("GET", "");
        let events = [
            json!(null),
            json!([]),
            json!("GET /session"),
            json!(7),
            json!({}),
            json!({"version": "2.0"}),
            json!({"email": ADDRESS, "fullName": "John Doe", "alias": "johny"}),
            json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            with(&usual, "/requestContext", json!(null)),
            with(&usual, "/requestContext/http", json!(null)),
            with(&usual, "/requestContext/http/method", json!("no method")),
            with(&usual, "/requestContext/http/sourceIp", json!(null)),
            with(&usual, "/requestContext/http/sourceIp", json!("localhost")),
            with(&usual, "/requestContext/http/sourceIp", json!("203.0.113.7, 203.0.113.8")),
            with(&usual, "/headers", json!({"no name": "x"})),
            with(&usual, "/headers", json!({"x": "two\r\nlines"})),
            with(&usual, "/headers", json!({"x": {"a": "b"}})),
            with(&usual, "/isBase64Encoded", json!("perhaps")),
            with(&usual, "/pathParameters", json!(["id"])),
        ];
        for event in &events {
            for (function, _) in registry::endpoints() {
                let response = invoke(product, function.name, event).await;
                response.refused(400, "Not a valid API Gateway proxy event");
            }
        }
    })
    .await;
}

/// The other members may be absent.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_needs_only_its_method_source_ip_headers_and_body() {
    product(async |product| {
        let usual = event("POST", &sign_in());
        let missing =
            ["/version", "/routeKey", "/rawPath", "/rawQueryString", "/isBase64Encoded", "/requestContext/timeEpoch"];
        for pointer in missing {
            let response = invoke(product, "create-session", &with(&usual, pointer, json!(null))).await;
            assert!([202, 429].contains(&response.status), "without {pointer}: {}", response.body);
        }
        product.pass(Duration::from_mins(10));
        let response =
            invoke(product, "create-session", &with(&usual, "/requestContext/http/userAgent", json!(null))).await;
        assert_eq!(response.expect(202).text("userAgent"), "");
        let ipv6 = with(&usual, "/requestContext/http/sourceIp", json!("2001:db8::7"));
        assert_eq!(invoke(product, "create-session", &ipv6).await.expect(202).text("ip"), "2001:db8::7");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_rest_api_are_accepted_too() {
    product(async |product| {
        let sign_up = json!({"email": ADDRESS, "fullName": "John Doe", "alias": "johny"}).to_string();
        let response = invoke(product, "create-user", &rest_event("POST", Some(&sign_up))).await.expect(202);
        assert_eq!(
            (response.text("ip"), response.text("userAgent")),
            ("203.0.113.7".to_owned(), "curl/8.5.0".to_owned())
        );
        let requested = Requested::of(&response);
        let verification =
            json!({"verificationCodeID": requested.id, "code": product.newest_code(ADDRESS).await}).to_string();
        invoke(product, "verify-session", &rest_event("PUT", Some(&verification))).await.acknowledged();

        let check = rest_event("GET", None);
        let bearer = format!("bearer   {}  ", requested.bearer);
        // As API Gateway sends the header, and as a handwritten test event in its console may
        // contain it.
        let many = with(&check, "/multiValueHeaders/AUTHORIZATION", json!([bearer]));
        let one = with(&with(&check, "/multiValueHeaders", json!(null)), "/headers/authorization", json!(bearer));
        let mut user = String::new();
        for event in [many, one] {
            user = invoke(product, function("GET", "/session"), &event).await.expect(200).text("userID");
        }
        let by_id = with(&rest_event("GET", None), "/pathParameters", json!({"id": user}));
        assert_eq!(invoke(product, "get-user", &by_id).await.expect(200).body, json!({"alias": "johny"}));

        let duplicated = with(&check, "/multiValueHeaders/Authorization", json!([bearer, bearer]));
        invoke(product, function("GET", "/session"), &duplicated).await.refused(401, "bearer");
        invoke(product, function("GET", "/session"), &check).await.refused(401, "bearer");
        let without_ip = with(&check, "/requestContext/identity/sourceIp", json!("unknown"));
        invoke(product, function("GET", "/session"), &without_ip)
            .await
            .refused(400, "Not a valid API Gateway proxy event");
    })
    .await;
}

/// A code that was redeemed through one kind of API cannot be replayed through the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_across_both_payload_formats() {
    product(async |product| {
        for (address, rest_first) in [("john@doe.net", true), ("jane@doe.net", false)] {
            let (requested, code) = product.sign_up_code(address, address.split('@').next().unwrap_or_default()).await;
            let verification = json!({"verificationCodeID": requested.id, "code": code}).to_string();
            let events = [event("PUT", &verification), rest_event("PUT", Some(&verification))];
            let (first, second) = (usize::from(rest_first), usize::from(!rest_first));
            invoke(product, "verify-session", &events[first]).await.acknowledged();
            for event in [&events[second], &events[first]] {
                invoke(product, "verify-session", event).await.refused(401, "code");
            }
        }
    })
    .await;
}

/// The body "Hello" is not JSON, which is known only after it is decoded.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_base64_is_decoded() {
    product(async |product| {
        let in_base64 = |body: &str| with(&event("POST", body), "/isBase64Encoded", json!(true));
        // {"email":"john@doe.net"}
        let good = in_base64("eyJlbWFpbCI6ImpvaG5AZG9lLm5ldCJ9");
        invoke(product, "create-session", &good).await.expect(202);
        let rest = rest_event("POST", Some("eyJlbWFpbCI6ImpvaG5AZG9lLm5ldCJ9"));
        invoke(product, "create-session", &with(&rest, "/isBase64Encoded", json!(true))).await.expect(202);
        for (body, words) in [
            ("SGVsbG8", "base64"),
            ("%%%", "base64"),
            ("{\"email\":\"john@doe.net\"}", "base64"),
            ("SGVsbG8=", "not valid UTF-8 JSON"),
            ("/////w==", "not valid UTF-8 JSON"),
            ("", "not valid UTF-8 JSON"),
        ] {
            invoke(product, "create-session", &in_base64(body)).await.refused(400, words);
        }
        // A body that is not marked as base64 is not decoded.
        invoke(product, "create-session", &event("POST", "eyJlbWFpbCI6ImpvaG5AZG9lLm5ldCJ9"))
            .await
            .refused(400, "JSON");
        assert_eq!(product.emails_to(ADDRESS).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_body_or_headers_is_refused() {
    product(async |product| {
        let usual = event("POST", "");
        for (event, words) in [
            (with(&usual, "/body", json!(null)), "not valid UTF-8 JSON"),
            (usual.clone(), "not valid UTF-8 JSON"),
            (with(&usual, "/headers", json!(null)), "Content-Type"),
        ] {
            invoke(product, "create-session", &event).await.refused(400, words);
        }
    })
    .await;
}

/// Some of these values have made a well-known library panic.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_headers_and_paths_do_not_affect_the_response() {
    product(async |product| {
        let john = product.sign_up(ADDRESS, "johny").await;
        let usual = with(&event("GET", ""), "/headers/authorization", json!(john.bearer));
        let heads = [
            ("/headers/host", json!("bad host")),
            ("/headers/host", json!("a:99999")),
            ("/headers/host", json!("[::1")),
            ("/headers/host", json!("")),
            ("/headers/x-forwarded-proto", json!("ht tp")),
            ("/headers/x-forwarded-host", json!("evil.example")),
            ("/headers/x-forwarded-port", json!("port")),
            ("/headers/x-amzn-trace-id", json!("\u{e9}")),
            ("/headers/cookie", json!("; ;=;")),
            ("/cookies", json!(["=", "a=b; c", ""])),
            ("/rawQueryString", json!("%zz=\u{e9} {}&&=")),
            ("/queryStringParameters", json!({"": "", "\u{e9}": "\r\n"})),
            ("/rawPath", json!("no path \u{0}%")),
            ("/rawPath", json!("/x".repeat(40_000))),
            ("/requestContext/domainName", json!("evil.example/?")),
            ("/requestContext/time", json!("yesterday")),
            ("/stageVariables", json!({"a": "b"})),
            ("/somethingNew", json!({"from": "next year"})),
        ];
        for (pointer, value) in heads {
            let response = invoke(product, function("GET", "/session"), &with(&usual, pointer, value.clone())).await;
            assert_eq!(response.status, 200, "{pointer} {value}: {}", response.body);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_path_id_is_reported_by_its_name() {
    product(async |product| {
        let john = product.sign_up(ADDRESS, "johny").await;
        let usual = with(&event("DELETE", ""), "/headers/authorization", json!(john.bearer));
        for parameters in [json!(null), json!({}), json!({"other": john.session_id}), json!({"id": ""})] {
            for (function, ..) in endpoints_with_id() {
                let response = invoke(product, function, &with(&usual, "/pathParameters", parameters.clone())).await;
                assert_eq!(response.expect(400).body["errors"][0]["field"], "id", "{parameters}");
            }
        }
        product.session(&john.bearer).await.expect(200);
    })
    .await;
}

/// HTTP does not allow control characters in headers. Those in an event do not reach an email or
/// the list of sessions either.
#[tokio::test(flavor = "multi_thread")]
async fn control_characters_are_removed_from_a_user_agent() {
    product(async |product| {
        let agent = format!("evil\r\nBcc: \u{0}\u{1b}[31m{}", "\u{1f600}".repeat(200));
        let event = with(&event("POST", &sign_in()), "/requestContext/http/userAgent", json!(agent));
        let kept = invoke(product, "create-session", &event).await.expect(202).text("userAgent");
        assert!(kept.starts_with("evilBcc: [31m") && !kept.contains(char::is_control), "{kept}");
        assert!(kept.len() <= 512 && kept.len() > 508, "{} bytes", kept.len());
    })
    .await;
}

/// The method of an event only selects the status 200 or 202: the route selects the function.
#[tokio::test(flavor = "multi_thread")]
async fn the_response_has_the_payload_format_of_the_event() {
    product(async |product| {
        for (event, names) in [
            (
                event("GET", ""),
                vec!["body", "cookies", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"],
            ),
            (rest_event("GET", None), vec!["body", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"]),
        ] {
            let returned = invoke_raw(product, function("GET", "/session"), &event).await;
            let members: Vec<_> = returned.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(members, names);
            Answer::of_function(&returned).refused(401, "bearer");
        }
    })
    .await;
}
