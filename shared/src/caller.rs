//! Who a request comes from, as far as that can be known.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// Where a request came from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The address that connected to API Gateway.
    pub ip: IpAddr,
    /// What the client calls itself, at most 512 bytes, without control characters.
    pub user_agent: String,
}

impl Caller {
    const LONGEST_USER_AGENT: usize = 512;

    pub(crate) fn new(ip: IpAddr, user_agent: &str) -> Self {
        let mut user_agent: String = user_agent.chars().filter(|char| !char.is_control()).collect();
        user_agent.truncate(user_agent.floor_char_boundary(Self::LONGEST_USER_AGENT));
        Self { ip, user_agent }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller(..)")
    }
}
