use axum::http::{Method, Request};
use serde_json::json;

use super::*;

/// Returns the event for a request to a route with the variable `id`.
fn event(request: Request<()>, body: &[u8]) -> Value {
    let (head, ()) = request.into_parts();
    let path = head.uri.path().to_owned();
    let route = MatchedRoute {
        function: "get-thing",
        key: "GET /thing/{id}",
        variables: vec![("id", path.rsplit('/').next().unwrap())],
    };
    ReceivedRequest {
        head: &head,
        body,
        peer: "192.0.2.7:4711".parse().unwrap(),
        port: 3000,
        route: &route,
        request_id: "id=",
        milliseconds: 1_584_039_838_123,
    }
    .event()
}

#[test]
fn a_request_becomes_the_same_event_as_in_api_gateway() {
    let request = Request::builder()
        .method(Method::GET)
        .uri("/thing/a%20b?q=x%20y&q=z&empty")
        .header("Host", "localhost:3000")
        .header("User-Agent", "curl/8")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header("Cookie", "a=1; b=2")
        .header("X-Amzn-Trace-Id", "Root=1-2-3")
        .body(())
        .unwrap();
    assert_eq!(
        event(request, b""),
        json!({
            "version": "2.0",
            "routeKey": "GET /thing/{id}",
            "rawPath": "/thing/a b",
            "rawQueryString": "q=x%20y&q=z&empty",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "content-length": "0",
                "host": "localhost:3000",
                "user-agent": "curl/8",
                "x-amzn-trace-id": "Root=1-2-3",
                "x-forwarded-for": "192.0.2.7",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
                "x-twice": "1,2",
            },
            "queryStringParameters": {"empty": "", "q": "x y,z"},
            "pathParameters": {"id": "a b"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": "GET",
                    "path": "/thing/a b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.7",
                    "userAgent": "curl/8",
                },
                "requestId": "id=",
                "routeKey": "GET /thing/{id}",
                "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_584_039_838_123_i64,
            },
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn the_source_is_the_connected_peer_whatever_the_headers_contain() {
    let request = Request::builder()
        .uri("/thing/1")
        .header("X-Forwarded-For", "10.0.0.1")
        .header("X-Forwarded-Proto", "https")
        .body(())
        .unwrap();
    let event = event(request, b"");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.7");
    assert_eq!(event["headers"]["x-forwarded-for"], "10.0.0.1, 192.0.2.7");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
}

#[test]
fn only_a_text_body_is_passed_on_without_base64() {
    let body_for = |kind: Option<&str>, body: &[u8]| {
        let mut request = Request::builder().method(Method::POST).uri("/thing/1");
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        let event = event(request.body(()).unwrap(), body);
        (event["isBase64Encoded"].as_bool().unwrap(), event["body"].as_str().map(str::to_owned))
    };
    let plain = (false, Some("{}".to_owned()));
    let encoded = (true, Some("e30=".to_owned()));
    for kind in ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml"] {
        assert_eq!(body_for(Some(kind), b"{}"), plain, "{kind}");
    }
    for kind in ["application/octet-stream", "application/x-www-form-urlencoded", "application/problem+json"] {
        assert_eq!(body_for(Some(kind), b"{}"), encoded, "{kind}");
    }
    assert_eq!(body_for(None, b"{}"), encoded);
    assert_eq!(body_for(Some("application/json"), b"\xff"), (true, Some("/w==".to_owned())));
    assert_eq!(body_for(Some("application/json"), b""), (false, None));
}

#[test]
fn a_compressed_body_is_not_text() {
    let request = Request::builder()
        .uri("/thing/1")
        .header("Content-Type", "application/json")
        .header("Content-Encoding", "gzip")
        .body(())
        .unwrap();
    assert_eq!(event(request, b"x")["isBase64Encoded"], true);
}
