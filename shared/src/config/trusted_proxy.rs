//! The proxy in front of the API that reports the IP addresses of clients.

use std::fmt;

use lambda_http::http::HeaderName;
use subtle::ConstantTimeEq;

use super::{ConfigError, Variables};

/// A proxy that shows by a secret that a request came through it.
#[derive(Clone)]
pub struct TrustedProxy {
    /// `TRUSTED_PROXY_SECRET`
    secret: String,
    /// `CLIENT_IP_HEADER`: the header in which the proxy reports the IP address of the client.
    pub(crate) header: HeaderName,
}

impl TrustedProxy {
    const MIN_BYTES: usize = 32;
    const USUAL_HEADER: HeaderName = HeaderName::from_static("cloudfront-viewer-address");

    pub(super) fn read(variables: &Variables<'_>) -> Result<Option<Self>, ConfigError> {
        let invalid = |name, reason: &str| ConfigError::Invalid { name, reason: reason.to_owned() };
        let Some(secret) = variables.optional("TRUSTED_PROXY_SECRET") else { return Ok(None) };
        if secret.len() < Self::MIN_BYTES {
            return Err(invalid("TRUSTED_PROXY_SECRET", "must be at least 32 bytes long"));
        }
        let header = match variables.optional("CLIENT_IP_HEADER") {
            None => Self::USUAL_HEADER,
            Some(name) => name.parse().map_err(|_| invalid("CLIENT_IP_HEADER", "must be the name of a header"))?,
        };
        Ok(Some(Self { secret, header }))
    }

    /// Returns whether the text is the secret. The time taken does not depend on where they differ.
    pub(crate) fn is_secret(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.secret.as_bytes()).into()
    }
}

/// Shows no secret.
impl fmt::Debug for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedProxy").field("header", &self.header).finish_non_exhaustive()
    }
}
