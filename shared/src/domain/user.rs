//! Users.

use serde::{Deserialize, Serialize};

use crate::domain::{
    alias::Alias,
    full_name::FullName,
    id::{EmailId, UserId},
    language::Language,
    recovery::{Deletion, Recovery},
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
    /// The deletion of the account, while a sign-in can undo it.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<Deletion>,
    /// The last recovery of the account, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_recovery: Option<Recovery>,
    /// Counts the changes of the account. A write that sees an old version is refused.
    pub(crate) version: u64,
}

/// A change of a user's profile. A member that is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The new alias.
    pub alias: Option<Alias>,
    /// The new full name.
    pub full_name: Option<FullName>,
    /// The new roles, as an operator sets them.
    pub roles: Option<Vec<String>>,
    /// The new groups, as an operator sets them.
    pub groups: Option<Vec<String>>,
}

impl User {
    /// Returns the user with a changed profile.
    pub(crate) fn with_profile(&self, change: &ProfileChange) -> Self {
        let mut user = self.clone();
        user.alias = change.alias.clone().unwrap_or(user.alias);
        user.full_name = change.full_name.clone().unwrap_or(user.full_name);
        user.roles = change.roles.clone().unwrap_or(user.roles);
        user.groups = change.groups.clone().unwrap_or(user.groups);
        user
    }

    pub(crate) fn default_roles() -> Vec<String> {
        vec!["user".to_owned()]
    }

    pub(crate) fn default_groups() -> Vec<String> {
        vec!["public".to_owned()]
    }
}
