//! The stack's web pages, and the guard that protects them and the emails.

mod reference;

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

pub(crate) use reference::Reference;

use crate::env_files::CONTAINER_HOST;
use crate::random;

const MAILBOX: &str = include_str!("../assets/mailbox.html");

/// Serves the mailbox page.
pub(crate) async fn show_mailbox() -> Response {
    page_with_policy(MAILBOX, "")
}

/// Returns a page whose policy allows its own scripts and those from `sources`, and loads nothing
/// from anywhere else. Scripts in an email never run, because its frame is also sandboxed.
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

/// Allows access to the emails only to this machine's own pages, programs and containers.
///
/// Any website can make a browser send requests to 127.0.0.1, from one of its pages or under its
/// own name (DNS rebinding).
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

/// Returns whether a request is one of this machine or its containers, and not of a website.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(header::HOST) else { return false };
    let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(|from| from == host || is_loopback(from));
    is_trusted_host(host) && text(header::ORIGIN).is_none_or(is_own)
}

/// Returns whether a host can only mean this stack. An IP address can, because it cannot be rebound
/// as a name can.
fn is_trusted_host(host: &str) -> bool {
    is_loopback(host) || host.parse::<SocketAddr>().is_ok() || without_port(host) == CONTAINER_HOST
}

/// Returns whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // A colon inside an IPv6 address does not precede a port.
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
    fn ip_addresses_and_the_container_host_may_use_their_own_pages() {
        let is_allowed = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_local(&headers)
        };
        assert!(is_allowed("172.17.0.1:3000", "http://172.17.0.1:3000"));
        assert!(is_allowed("host.docker.internal:3000", "http://host.docker.internal:3000"));
        assert!(!is_allowed("172.17.0.1:3000", "http://192.0.2.1:3000"));
        assert!(!is_allowed("evil.example:3000", "http://evil.example:3000"));
    }

    #[test]
    fn a_page_of_another_origin_is_rejected() {
        let is_allowed_from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "localhost:3000".parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_local(&headers)
        };
        assert!(is_allowed_from("http://localhost:3000"));
        assert!(!is_allowed_from("http://192.0.2.1:3000"));
        assert!(!is_allowed_from("https://evil.example"));
        assert!(!is_allowed_from("null"));
    }
}
