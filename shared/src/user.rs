//! Users.

use serde::{Deserialize, Serialize};

use crate::{
    Alias, FullName, Language, Timestamp,
    id::{EmailId, UserId},
};

/// Somebody who proved an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `userID`
    #[serde(rename = "userID")]
    pub id: UserId,
    /// As typed.
    pub alias: Alias,
    /// As typed.
    pub full_name: FullName,
    /// The address that notices go to: always one of his, and verified.
    #[serde(rename = "preferredEmailID")]
    pub preferred: EmailId,
    /// What he may do; an operator can change the record.
    #[serde(default = "User::usual_roles")]
    pub roles: Vec<String>,
    /// What he belongs to; likewise.
    #[serde(default = "User::usual_groups")]
    pub groups: Vec<String>,
    /// What he is written to in, beyond what he asks for: the language of his sign-up.
    #[serde(default)]
    pub language: Language,
    /// When his address was proved.
    pub created_at: Timestamp,
    /// Counts the changes of the account, so that a write notices another in between.
    pub(crate) version: u64,
}

impl User {
    pub(crate) fn usual_roles() -> Vec<String> {
        vec!["user".to_owned()]
    }

    pub(crate) fn usual_groups() -> Vec<String> {
        vec!["public".to_owned()]
    }
}
