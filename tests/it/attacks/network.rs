//! Requests that no client library would send, and answers without an end.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{BASE, Product, product};

const VICTIM: &str = "victim@doe.net";

/// Sends bytes as they are, and reads the answer to its end.
async fn send_raw(product: &Product, bytes: &[u8]) -> String {
    let authority = product.stack.api_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.expect("a connection");
    stream.write_all(bytes).await.expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A sign-in with these lines in its head.
fn sign_in(address: &str, lines: &str) -> Vec<u8> {
    let body = json!({"email": address}).to_string();
    let head =
        format!("POST {BASE}/session HTTP/1.1\r\n{lines}Content-Type: application/json\r\nConnection: close\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Attack 44. Whatever says where a request was for, it is answered without a fault, and none of it is in a mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_head_is_answered_and_never_mailed() {
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
            let answer = send_raw(product, &sign_in(&format!("victim{number}@doe.net"), lines)).await;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(["202", "400"].contains(&status), "{lines:?}: {answer}");
            assert!(!answer.contains("evil"), "{lines:?}: {answer}");
            accepted += usize::from(status == "202");
        }
        let mails = product.mails().await;
        assert!(accepted >= heads.len() / 2 && mails.len() == accepted, "{} of {accepted}", mails.len());
        for mail in mails {
            assert!(!format!("{mail:?}").contains("evil"), "{mail:?}");
        }
    })
    .await;
}

/// What the server itself can't read is refused by it; the product goes on.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_harm_nobody() {
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
            let answer = send_raw(product, bytes).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
        product.sign_up(VICTIM, "victim").await;
    })
    .await;
}

/// Attack 50.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_an_attacker_types_stands_in_a_header_of_the_answer() {
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
            let answer = product.call_as(&victim.bearer, method, path, Some(body.clone())).await.expect(400);
            assert!(!format!("{:?} {}", answer.headers, answer.body).contains("evil"), "{}", answer.body);
        }
        for (method, path) in [
            (Method::GET, "/user/id/evil%0d%0aSet-Cookie:%20evil"),
            (Method::DELETE, "/session/evil%0d%0aevil:%20evil"),
            (Method::DELETE, "/email/evil%00%e2%80%a8"),
        ] {
            let answer = product.call_as(&victim.bearer, method, path, None).await.refused(400, "id");
            assert!(!format!("{:?} {}", answer.headers, answer.body).contains("evil"), "{}", answer.body);
        }
    })
    .await;
}

/// Bodies that are cheap to send and dear to read.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_were_made_to_be_hard_to_read_are_refused() {
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
        // As somebody who packs them would send them, there is no telling how large they are: nothing unpacks them.
        let packed = product.request(Method::POST, "/session").header("content-type", "application/json");
        product.send(packed.header("content-encoding", "gzip").body(vec![0x1f, 0x8b, 8, 0])).await.expect(400);
        assert!(product.mails().await.is_empty());
    })
    .await;
}

/// Attack 52. DynamoDB returns a megabyte at a time; expired sessions that it has not deleted yet fill more than that.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_beyond_the_first_megabyte_are_found() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let agent = "x".repeat(390_000);
        for number in 0..8 {
            // Before and after any that is open, in the order of the keys.
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
        // TTL would have deleted them by now.
        product.stack.sweep().await.expect("a sweep");
    })
    .await;
}
