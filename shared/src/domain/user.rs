//! Users.

use serde::{Deserialize, Serialize};

use crate::domain::{
    alias::Alias,
    full_name::FullName,
    id::{EmailId, UserId},
    language::Language,
    timestamp::Timestamp,
};

/// A person with an account: their first address was verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `userID`
    #[serde(rename = "userID")]
    pub id: UserId,
    /// The alias as the user typed it.
    pub alias: Alias,
    /// The full name as the user typed it.
    pub full_name: FullName,
    /// The address that security notices go to: always one of the user's verified addresses.
    #[serde(rename = "preferredEmailID")]
    pub preferred: EmailId,
    /// The user's roles. An operator can change them in the record.
    #[serde(default = "User::default_roles")]
    pub roles: Vec<String>,
    /// The user's groups. An operator can change them in the record.
    #[serde(default = "User::default_groups")]
    pub groups: Vec<String>,
    /// The language of security notices: that of the sign-up.
    #[serde(default)]
    pub language: Language,
    /// When the first address was verified.
    pub created_at: Timestamp,
    /// When changes that sent security notices were made in the last 24 hours, oldest first.
    #[serde(default)]
    pub(crate) changes: Vec<Timestamp>,
    /// The last recovery of the account, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_recovery: Option<Recovery>,
    /// Counts the changes of the account. A write that sees an old version is refused.
    pub(crate) version: u64,
}

/// A recovery of an account by a sign-in with a removed address.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recovery {
    /// The version of the account that it created. Codes that were requested earlier to verify an
    /// address are void.
    pub(crate) version: u64,
    /// The version of the account that had verified the address. Addresses that were verified later
    /// and removed before the recovery cannot recover the account any more.
    pub(crate) verified_in: u64,
}

impl User {
    pub(crate) fn default_roles() -> Vec<String> {
        vec!["user".to_owned()]
    }

    pub(crate) fn default_groups() -> Vec<String> {
        vec!["public".to_owned()]
    }
}
