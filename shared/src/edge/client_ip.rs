//! The IP address of a client that a trusted proxy reports in a header.

use std::net::{IpAddr, SocketAddr};

use lambda_http::http::HeaderMap;

use crate::config::TrustedProxy;

/// The header in which the proxy sends its secret.
const SECRET: &str = "x-origin-verify";

/// Returns the address that the proxy reports. Returns `None` if the request did not come through
/// it, or if its header is missing or is not exactly one address.
pub(super) fn reported(headers: &HeaderMap, proxy: Option<&TrustedProxy>) -> Option<IpAddr> {
    let proxy = proxy.filter(|proxy| single(headers, SECRET).is_some_and(|secret| proxy.is_secret(secret)))?;
    let value = single(headers, proxy.header.as_str())?;
    // CloudFront appends the port even to an IPv6 address without brackets, so that its last group
    // could be either. Elsewhere, brackets separate the two (RFC 3986 §3.2.2).
    let by_cloudfront = || {
        let (ip, port) = value.rsplit_once(':').filter(|_| proxy.header == "cloudfront-viewer-address")?;
        port.parse::<u16>().is_ok().then(|| ip.parse().ok())?
    };
    let with_port = || value.parse().ok().map(|address: SocketAddr| address.ip());
    by_cloudfront().or_else(|| value.parse().ok()).or_else(with_port)
}

/// Returns the value of a header that is sent once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}
