//! Requests that no client library would send, and lists that span several pages of DynamoDB.

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
        let emails = product.sent_emails().await;
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
