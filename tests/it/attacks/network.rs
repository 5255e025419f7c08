//! Requests that no client library would send, and lists that span several pages of DynamoDB.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{BASE, Product, product};

const VICTIM: &str = "victim@doe.net";

/// Sends raw bytes, and reads the response until the connection closes.
async fn send_raw(product: &Product, bytes: &[u8]) -> String {
    let authority = product.stack.api_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.expect("a connection");
    stream.write_all(bytes).await.expect("a request");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("a response");
    String::from_utf8_lossy(&response).into_owned()
}

/// A sign-in with these header lines.
fn sign_in(address: &str, lines: &str) -> Vec<u8> {
    let body = json!({"email": address}).to_string();
    let head =
        format!("POST {BASE}/session HTTP/1.1\r\n{lines}Content-Type: application/json\r\nConnection: close\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The `Host` header and its relatives cause no server error, and appear in no response and no
/// email.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_headers_cause_no_server_error_and_reach_no_email() {
    product(async |product| {
        let heads = [
            "Host: evil.example\r\n",
            "Host: localhost\r\nX-Forwarded-Host: evil.example\r\n",
            "Host: localhost\r\nX-Forwarded-Proto: ht tp\r\nForwarded: host=evil.example;proto=\"\r\n",
            "Host: evil host\r\n",
            "Host: evil:99999\r\n",
            "Host: [::1evil\r\n",
            "Host: \r\n",
            "Host: evil\r\nHost: evil.example\r\n",
            "Host: evil@evil.example/?#\r\n",
            "Host: localhost\r\nOrigin: https://evil.example\r\nReferer: https://evil.example/\r\n",
            "Host: localhost\r\nX-Amzn-Trace-Id: evil\r\nX-Forwarded-For: evil\r\nX-Forwarded-Port: evil\r\n",
            "Host: localhost\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /evil\r\n",
        ];
        let mut accepted = 0;
        for (number, lines) in heads.iter().enumerate() {
            let response = send_raw(product, &sign_in(&format!("victim{number}@doe.net"), lines)).await;
            let status = response.split(' ').nth(1).unwrap_or_default();
            assert!(["202", "400"].contains(&status), "{lines:?}: {response}");
            assert!(!response.contains("evil"), "{lines:?}: {response}");
            accepted += usize::from(status == "202");
        }
        let emails = product.mails().await;
        assert!(accepted >= heads.len() / 2 && emails.len() == accepted, "{} of {accepted}", emails.len());
        for email in emails {
            assert!(!format!("{email:?}").contains("evil"), "{email:?}");
        }
    })
    .await;
}

/// The HTTP server refuses them, and keeps serving other requests.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_a_request_do_no_harm() {
    product(async |product| {
        let requests: [&[u8]; 6] = [
            b"evil\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /api/auth/v2/session HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"POST /api/auth/v2/session HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            b"GET /api/auth/v2/user/id/%00%ff%2e%2e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b"GET /api/auth/v2/session?%zz=\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ];
        for bytes in requests {
            let response = send_raw(product, bytes).await;
            assert!(response.is_empty() || response.starts_with("HTTP/1.1 4"), "{response}");
        }
        product.sign_up(VICTIM, "victim").await;
    })
    .await;
}

/// Neither request bodies nor path parameters reach a header or a body of a refusal.
#[tokio::test(flavor = "multi_thread")]
async fn no_response_header_contains_text_from_an_attacker() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let evil = "evil\r\nSet-Cookie: evil=1\u{0}\u{2028}\u{1f600}";
        let all = ["email", "fullName", "alias", "address", "emailID", "verificationCodeID", "code"];
        let body: serde_json::Value = all.iter().map(|name| ((*name).to_owned(), json!(evil))).collect();
        for (method, path) in [
            (Method::POST, "/user"),
            (Method::POST, "/session"),
            (Method::PUT, "/session/verification"),
            (Method::POST, "/email"),
            (Method::POST, "/email/verification"),
            (Method::PUT, "/email/preferred"),
            (Method::PUT, "/email/verification"),
        ] {
            let response = product.call_as(&victim.bearer, method, path, Some(body.clone())).await.expect(400);
            assert!(!format!("{:?} {}", response.headers, response.body).contains("evil"), "{}", response.body);
        }
        for (method, path) in [
            (Method::GET, "/user/id/evil%0d%0aSet-Cookie:%20evil"),
            (Method::DELETE, "/session/evil%0d%0aevil:%20evil"),
            (Method::DELETE, "/email/evil%00%e2%80%a8"),
        ] {
            let response = product.call_as(&victim.bearer, method, path, None).await.refused(400, "id");
            assert!(!format!("{:?} {}", response.headers, response.body).contains("evil"), "{}", response.body);
        }
    })
    .await;
}

/// Bodies that are cheap to send and costly to parse.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_costly_to_parse_are_refused() {
    product(async |product| {
        let deep = |open: &str, close: &str| format!("{{\"email\":{}{}}}", open.repeat(1500), close.repeat(1500));
        let bodies = [
            deep("[", "]"),
            deep("{\"a\":", "}"),
            format!("{{\"email\":{}}}", "9".repeat(8000)),
            "{\"email\":\"\\ud800@doe.net\"}".to_owned(),
            "{\"email\":\"victim\\u0000@doe.net\"}".to_owned(),
            "{\"email\":1e999}".to_owned(),
            format!("{{{}\"email\":\"victim@doe.net\"", " ".repeat(8000)),
        ];
        for body in bodies {
            let request = product.request(Method::POST, "/session").header("content-type", "application/json");
            product.send(request.body(body)).await.expect(400);
        }
        // The size of a compressed body is unknown until it is decompressed, so it is never
        // decompressed.
        let compressed = product.request(Method::POST, "/session").header("content-type", "application/json");
        product.send(compressed.header("content-encoding", "gzip").body(vec![0x1f, 0x8b, 8, 0])).await.expect(400);
        assert!(product.mails().await.is_empty());
    })
    .await;
}

/// DynamoDB returns a megabyte at a time. Expired sessions that it has not deleted yet fill more
/// than that.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_beyond_the_first_megabyte_are_found() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let agent = "x".repeat(390_000);
        for number in 0..8 {
            // Their keys sort before and after those of the active sessions.
            let id =
                format!("{:08x}-0000-4000-8000-000000000000", if number % 2 == 0 { number } else { u32::MAX - number });
            let entry = json!({
                "pk": {"S": format!("USER#{}", victim.user_id)}, "sk": {"S": format!("SESSION#{id}")},
                "sessionID": {"S": id}, "tokenHash": {"S": "0".repeat(64)}, "ip": {"S": "127.0.0.1"},
                "userAgent": {"S": agent}, "createdAt": {"N": "1700000000"}, "expiresAt": {"N": "1700000001"},
            });
            product.put_raw(&entry).await;
        }
        let sessions = product.sessions(&victim).await;
        assert_eq!(sessions.len(), 1, "{}", sessions.len());
        assert_eq!(sessions[0]["sessionID"], victim.session_id);
        let again = product.sign_in(&victim).await;
        assert_eq!(product.sessions(&again).await.len(), 2);
        product.add_email(&victim, "more@doe.net").await;
        // Delete the expired sessions, as TTL would.
        product.stack.sweep().await.expect("a sweep");
    })
    .await;
}
