//! The time, client and language of a request.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::domain::{full_name::is_shown, language::Language, timestamp::Timestamp};

/// The facts of one request. All effects of a request use this timestamp and client.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// When the request arrived.
    pub now: Timestamp,
    /// The client that sent it.
    pub client: ClientInfo,
    /// The language that the client prefers for emails.
    pub language: Language,
}

/// IP address and user agent of a client.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// The address that connected to API Gateway.
    pub ip: IpAddr,
    /// The `User-Agent` header without control characters, invisible characters and characters that
    /// change the text direction, at most 512 bytes.
    pub user_agent: String,
}

impl ClientInfo {
    const MAX_USER_AGENT_BYTES: usize = 512;

    pub(crate) fn new(ip: IpAddr, user_agent: &str) -> Self {
        let mut user_agent: String = user_agent.chars().filter(|character| is_shown(*character)).collect();
        user_agent.truncate(user_agent.floor_char_boundary(Self::MAX_USER_AGENT_BYTES));
        Self { ip, user_agent }
    }

    /// Returns the source that rate limits and the log count by: the IPv4 address, or the /64 of an
    /// IPv6 address, which is the smallest assignment (RFC 6177 §2).
    pub(crate) fn source(&self) -> String {
        match self.ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

impl fmt::Debug for ClientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientInfo(..)")
    }
}
