//! The keys of every item. Nothing else knows how they are spelled.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{
    alias::Alias,
    bearer_token::TokenHash,
    email_address::EmailAddress,
    id::{EmailId, KeyPairId, NoticeId, SessionId, UserId, VerificationId},
    key_pair::ApiKey,
    request_context::ClientInfo,
};

/// The key of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Key {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
}

pub(in crate::store) const USER: &str = "USER";
pub(in crate::store) const EMAIL: &str = "EMAIL#";
pub(in crate::store) const KEY_PAIR: &str = "KEY#";
pub(in crate::store) const SESSION: &str = "SESSION#";

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// Returns the partition of everything that belongs to a user.
    pub(in crate::store) fn partition(user: UserId) -> String {
        format!("USER#{user}")
    }

    pub(in crate::store) fn user(user: UserId) -> Self {
        Self::new(Self::partition(user), USER)
    }

    pub(in crate::store) fn email(user: UserId, email: EmailId) -> Self {
        Self::new(Self::partition(user), format!("{EMAIL}{email}"))
    }

    pub(in crate::store) fn key_pair_entry(user: UserId, key_pair: KeyPairId) -> Self {
        Self::new(Self::partition(user), format!("{KEY_PAIR}{key_pair}"))
    }

    pub(in crate::store) fn key_pair(key: &ApiKey) -> Self {
        Self::new(format!("{KEY_PAIR}{}", key.as_str()), "KEY")
    }

    pub(in crate::store) fn session_entry(user: UserId, session: SessionId) -> Self {
        Self::new(Self::partition(user), format!("{SESSION}{session}"))
    }

    pub(in crate::store) fn session(hash: &TokenHash) -> Self {
        Self::new(format!("SESSION#{}", hash.as_str()), "SESSION")
    }

    pub(in crate::store) fn address_owner(address: &EmailAddress) -> Self {
        Self::new(format!("ADDRESS#{}", address.canonical()), "ADDRESS")
    }

    pub(in crate::store) fn alias_owner(alias: &Alias) -> Self {
        Self::new(format!("ALIAS#{}", alias.canonical()), "ALIAS")
    }

    pub(in crate::store) fn verification(id: VerificationId) -> Self {
        Self::new(format!("CODE#{id}"), "CODE")
    }

    pub(in crate::store) fn notice(id: NoticeId) -> Self {
        Self::new(format!("NOTICE#{id}"), "NOTICE")
    }

    pub(in crate::store) fn address_rate_limit(address: &EmailAddress) -> Self {
        Self::new(format!("RATE_LIMIT#{}", address.untagged()), "RATE_LIMIT")
    }

    pub(in crate::store) fn suppression(address: &EmailAddress) -> Self {
        Self::new(format!("SUPPRESSION#{}", address.canonical()), "SUPPRESSION")
    }

    /// Returns the key of a client's source in one hour.
    pub(in crate::store) fn source_rate_limit(client: &ClientInfo, hour: i64) -> Self {
        Self::new(format!("RATE_LIMIT#{}", client.source()), format!("HOUR#{hour}"))
    }

    /// Returns a key that no item ever has.
    pub(in crate::store) fn nonexistent() -> Self {
        Self::new("NONEXISTENT".to_owned(), "NONEXISTENT")
    }
}

impl Key {
    /// Returns the key as the attributes that every item has.
    pub(in crate::store) fn attributes(self) -> HashMap<String, AttributeValue> {
        [("pk".to_owned(), AttributeValue::S(self.pk)), ("sk".to_owned(), AttributeValue::S(self.sk))].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_64() {
        let source = |ip: &str| Key::source_rate_limit(&ClientInfo::new(ip.parse().unwrap(), ""), 7);
        assert_eq!(source("1.2.3.4").pk, "RATE_LIMIT#1.2.3.4");
        assert_eq!(source("::ffff:1.2.3.4"), source("1.2.3.4"));
        assert_eq!(source("2001:db8:1:2:3:4:5:6"), source("2001:db8:1:2::1"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
    }

    #[test]
    fn the_rate_limits_of_addresses_and_sources_differ() {
        let address = Key::address_rate_limit(&EmailAddress::parse("a@b.net").unwrap());
        assert_eq!((address.pk.as_str(), address.sk.as_str()), ("RATE_LIMIT#a@b.net", "RATE_LIMIT"));
    }
}
