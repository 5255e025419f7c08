//! The keys of every item: nothing else in the project knows how they are spelt.

use std::{collections::HashMap, net::IpAddr};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    Alias, EmailAddress,
    bearer::TokenHash,
    id::{EmailId, NoticeId, SessionId, UserId, VerificationId},
};

/// Of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

pub(super) const USER: &str = "USER";
pub(super) const EMAIL: &str = "EMAIL#";
pub(super) const SESSION: &str = "SESSION#";

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition of all that belongs to a user.
    pub(super) fn partition(user: UserId) -> String {
        format!("USER#{user}")
    }

    pub(super) fn user(user: UserId) -> Self {
        Self::new(Self::partition(user), USER)
    }

    pub(super) fn email(user: UserId, email: EmailId) -> Self {
        Self::new(Self::partition(user), format!("{EMAIL}{email}"))
    }

    pub(super) fn session_entry(user: UserId, session: SessionId) -> Self {
        Self::new(Self::partition(user), format!("{SESSION}{session}"))
    }

    pub(super) fn session(hash: &TokenHash) -> Self {
        Self::new(format!("SESSION#{}", hash.as_str()), "SESSION")
    }

    pub(super) fn address(address: &EmailAddress) -> Self {
        Self::new(format!("ADDRESS#{}", address.canonical()), "ADDRESS")
    }

    pub(super) fn alias(alias: &Alias) -> Self {
        Self::new(format!("ALIAS#{}", alias.canonical()), "ALIAS")
    }

    pub(super) fn verification(id: VerificationId) -> Self {
        Self::new(format!("CODE#{id}"), "CODE")
    }

    pub(super) fn notice(id: NoticeId) -> Self {
        Self::new(format!("NOTICE#{id}"), "NOTICE")
    }

    pub(super) fn address_budget(address: &EmailAddress) -> Self {
        Self::new(format!("BUDGET#{}", address.canonical()), "BUDGET")
    }

    pub(super) fn suppression(address: &EmailAddress) -> Self {
        Self::new(format!("SUPPRESSION#{}", address.canonical()), "SUPPRESSION")
    }

    /// One item an hour. An IPv6 source is its /64, the least that a customer is given (RFC 6177 §2).
    pub(super) fn source_budget(ip: IpAddr, hour: i64) -> Self {
        let source = match ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        };
        Self::new(format!("BUDGET#{source}"), format!("HOUR#{hour}"))
    }

    /// Of an item that is never stored.
    pub(super) fn nothing() -> Self {
        Self::new("NOTHING".to_owned(), "NOTHING")
    }
}

impl Key {
    /// As the attributes that every item has.
    pub(super) fn attributes(self) -> HashMap<String, AttributeValue> {
        [("pk".to_owned(), AttributeValue::S(self.pk)), ("sk".to_owned(), AttributeValue::S(self.sk))].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_a_64th_of_ipv6() {
        let source = |ip: &str| Key::source_budget(ip.parse().unwrap(), 7);
        assert_eq!(source("1.2.3.4").pk, "BUDGET#1.2.3.4");
        assert_eq!(source("::ffff:1.2.3.4"), source("1.2.3.4"));
        assert_eq!(source("2001:db8:1:2:3:4:5:6"), source("2001:db8:1:2::1"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
    }

    #[test]
    fn a_budget_of_an_address_is_never_that_of_a_source() {
        let address = Key::address_budget(&EmailAddress::parse("a@b.net").unwrap());
        assert_eq!((address.pk.as_str(), address.sk.as_str()), ("BUDGET#a@b.net", "BUDGET"));
    }
}
