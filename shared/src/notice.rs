//! Notices: mails of consequence, which tell an account's owner what was done to it (contract, Life of an account 9).

use serde::{Deserialize, Serialize};

use crate::{Call, Caller, EmailAddress, Language, Timestamp, id::NoticeId};

/// A mail to send, stored in the same transaction as what it tells of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Of this notice.
    #[serde(rename = "noticeID")]
    pub id: NoticeId,
    /// Where it goes: the preferred address as it was when the thing was done.
    pub to: EmailAddress,
    /// What was done.
    pub event: Event,
    /// The address that it was done to, or through.
    pub address: EmailAddress,
    /// Who did it.
    #[serde(flatten)]
    pub caller: Caller,
    /// What it is written in.
    #[serde(default)]
    pub language: Language,
    /// When.
    pub created_at: Timestamp,
    /// Not worth sending from this moment on.
    pub expires_at: Timestamp,
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// The address was proved and belongs to the account now.
    AddressVerified,
    /// The address is no longer the account's.
    AddressRemoved,
    /// Notices go to the address from now on; told to that address.
    AddressPreferred,
    /// Notices go to the address from now on; told to the one before.
    NoLongerPreferred,
    /// Somebody signed in through an address that isn't the preferred one.
    SignedInElsewhere,
}

impl Notice {
    /// How long it is worth sending.
    const LIFETIME: std::time::Duration = std::time::Duration::from_hours(24);

    /// Of `event`, done to or through `address` by the caller. The language is the account's: whoever did it has no say in whether
    /// its owner understands.
    #[must_use]
    pub fn new(to: &EmailAddress, event: Event, address: &EmailAddress, language: Language, call: &Call) -> Self {
        Self {
            id: NoticeId::generate(),
            to: to.clone(),
            event,
            address: address.clone(),
            caller: call.caller.clone(),
            language,
            created_at: call.now,
            expires_at: call.now.plus(Self::LIFETIME),
        }
    }
}
