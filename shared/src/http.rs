//! How the SDKs' clients speak HTTP.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// For one service, at that endpoint or at AWS's own.
///
/// TLS is ring's: AWS-LC gathers entropy for up to half a second at the start of a small function. An endpoint that speaks no TLS is
/// given a client that loads no trust store.
#[must_use]
pub fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    if endpoint.is_some_and(|url| url.starts_with("http://")) {
        Builder::new().build_http()
    } else {
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    }
}
