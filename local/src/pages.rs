//! The pages for people, and the guard before them and the mails.

mod reference;

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

pub(crate) use reference::Reference;

use crate::outside::HOST_OF_CONTAINERS;
use crate::random;

const MAILBOX: &str = include_str!("../assets/mailbox.html");

/// Shows the mailbox.
pub(crate) async fn show_mailbox() -> Response {
    page_with_policy(MAILBOX, "")
}

/// Runs the page's own scripts and those from `sources`, and loads nothing from elsewhere. What is in a mail runs nothing at all:
/// its frame is sandboxed besides.
fn page_with_policy(page: &str, sources: &str) -> Response {
    let nonce = random::hexadecimal::<16>();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' {sources}; style-src 'unsafe-inline' {sources}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Html(page.replace("{{nonce}}", &nonce))).into_response()
}

/// Lets only this machine's own pages and programs, and its containers, at the mails. Any website can send a browser to
/// 127.0.0.1, under a name of its own (DNS rebinding) or from a page of its own.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(header::HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(header::HeaderValue::from_static("no-store"));
        response
    } else {
        (StatusCode::FORBIDDEN, "only for this machine, as http://localhost or http://127.0.0.1\n").into_response()
    }
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(header::HOST) else { return false };
    let is_ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|from| from == host || is_loopback(from));
    is_ours_by_name(host) && text(header::ORIGIN).is_none_or(is_ours)
}

/// Whether a host can only be what listens here: a number cannot be rebound as a name can.
fn is_ours_by_name(host: &str) -> bool {
    is_loopback(host) || host.parse::<SocketAddr>().is_ok() || without_port(host) == HOST_OF_CONTAINERS
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colon inside an IPv6 address is not a port's.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:3000", "127.0.0.1.nip.io", "localhost:3000@evil", "::1"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn an_address_or_docker_s_name_is_ours_and_its_own_page_a_guest() {
        let visit = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_local(&headers)
        };
        assert!(visit("172.17.0.1:3000", "http://172.17.0.1:3000"));
        assert!(visit("host.docker.internal:3000", "http://host.docker.internal:3000"));
        assert!(!visit("172.17.0.1:3000", "http://192.0.2.1:3000"));
        assert!(!visit("evil.example:3000", "http://evil.example:3000"));
    }

    #[test]
    fn a_page_from_elsewhere_is_no_guest() {
        let from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "localhost:3000".parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_local(&headers)
        };
        assert!(from("http://localhost:3000"));
        assert!(!from("http://192.0.2.1:3000"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }
}
