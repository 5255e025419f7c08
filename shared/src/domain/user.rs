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
    /// Counts the changes of the account. A write that sees an old version is refused.
    pub(crate) version: u64,
}

impl User {
    pub(crate) fn default_roles() -> Vec<String> {
        vec!["user".to_owned()]
    }

    pub(crate) fn default_groups() -> Vec<String> {
        vec!["public".to_owned()]
    }
}
