//! Addresses that get no mail any more.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// An address that mail bounced off, or whose owner complained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// Which of the two; the first, if both.
    pub reason: Reason,
    /// Since when.
    pub created_at: Timestamp,
}

/// Why an address gets no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// There is no such mailbox.
    Bounce,
    /// Its owner reported a mail as spam.
    Complaint,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}
