//! When a request came in, and from whom, as far as that can be known.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{Language, Timestamp};

/// The facts of one request, read once at its beginning. Whatever is done because of it, is done then and by him.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it came in: the only time that the handling of it knows.
    pub now: Timestamp,
    /// Who sent it.
    pub caller: Caller,
    /// In which language he wants to be written to.
    pub language: Language,
}

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
