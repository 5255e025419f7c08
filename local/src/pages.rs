//! The pages for people, and the guard before them and the mails.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::random;
use crate::template::Template;

const INDEX: &str = include_str!("../assets/index.html");
const MAILBOX: &str = include_str!("../assets/mailbox.html");

/// The first page: what this is, and every endpoint of the template.
pub(crate) fn index(template: &Template, api_url: &str, dynamodb_url: &str) -> Arc<str> {
    let mut rows = String::new();
    for (route, function) in template.routes() {
        let [method, path, name] = [&route.method, &route.path, &function.name].map(|text| escape(text));
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "<tr><td><b>{method}</b></td><td><code>{path}</code></td><td>{name}</td></tr>");
    }
    INDEX
        .replace("{{endpoints}}", rows.trim_end())
        .replace("{{api}}", &escape(api_url))
        .replace("{{dynamodb}}", &escape(dynamodb_url))
        .into()
}

/// Shows the first page.
pub(crate) async fn show_index(State(page): State<Arc<str>>) -> Response {
    page_with_policy(&page)
}

/// Shows the mailbox.
pub(crate) async fn show_mailbox() -> Response {
    page_with_policy(MAILBOX)
}

/// Runs the page's own scripts and no others, and loads nothing from elsewhere. What is in a mail runs nothing at all:
/// its frame is sandboxed besides.
fn page_with_policy(page: &str) -> Response {
    let nonce = random::hexadecimal::<16>();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
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

/// Lets only this machine's own pages and programs at the mails. Any website can send a browser to 127.0.0.1, under a
/// name of its own (DNS rebinding) or from a page of its own.
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
    let origin = text(header::ORIGIN);
    let from_here = origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_loopback));
    from_here && text(header::HOST).is_some_and(is_loopback)
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colon inside an IPv6 address is not a port's.
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    port.bytes().all(|byte| byte.is_ascii_digit())
        && ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
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
    fn a_page_from_elsewhere_is_no_guest() {
        let from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "localhost:3000".parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_local(&headers)
        };
        assert!(from("http://localhost:3000"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }
}
