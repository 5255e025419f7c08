//! Accounts: a user, his addresses, and what may be done to them.

use serde::{Deserialize, Serialize};

use crate::{
    EmailAddress, Timestamp,
    id::{EmailId, UserId},
    session::SessionEntry,
    user::User,
};

/// An address of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// `emailID`
    #[serde(rename = "emailID")]
    pub id: EmailId,
    /// As typed.
    pub address: EmailAddress,
    /// Whether a code proved it. Then, and only then, nobody else can have it.
    pub verified: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// Which change of the account it came with: tells the order within a second.
    #[serde(default)]
    pub sequence: u64,
}

impl Email {
    /// Sorts the oldest first.
    #[must_use]
    pub fn age(&self) -> (Timestamp, u64) {
        (self.created_at, self.sequence)
    }
}

/// Who has a verified address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressClaim {
    /// The owner.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// Which of his addresses it is.
    #[serde(rename = "emailID")]
    pub email: EmailId,
    /// As the owner typed it: what is mailed to him goes there, however somebody else spells it.
    pub address: EmailAddress,
}

/// All that belongs to a user.
#[derive(Clone, Debug)]
pub struct Account {
    /// Himself.
    pub user: User,
    /// His addresses, in no particular order.
    pub emails: Vec<Email>,
    /// His sessions, expired ones among them.
    pub(crate) sessions: Vec<SessionEntry>,
}

impl Account {
    /// One of his addresses.
    #[must_use]
    pub fn email(&self, id: EmailId) -> Option<&Email> {
        self.emails.iter().find(|email| email.id == id)
    }

    /// His entry of that address, however it is spelt.
    #[must_use]
    pub fn email_of(&self, address: &EmailAddress) -> Option<&Email> {
        self.emails.iter().find(|email| email.address.canonical() == address.canonical())
    }

    /// Where notices go.
    #[must_use]
    pub fn preferred(&self) -> Option<&Email> {
        self.email(self.user.preferred)
    }
}
