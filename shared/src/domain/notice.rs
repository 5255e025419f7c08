//! Security notices: emails that notify the owner of an account of a change (contract, Life of an
//! account 11).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{
    email_address::EmailAddress,
    id::{NoticeId, UserId},
    key_pair::KeyName,
    language::Language,
    request_context::{ClientInfo, RequestContext},
    timestamp::Timestamp,
    user::User,
};

/// An email to send, stored in the transaction of the change that it reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// `noticeID`
    #[serde(rename = "noticeID")]
    pub id: NoticeId,
    /// The account that was changed.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// The recipient: an address that the account had before or after the change. While it is
    /// suppressed, the notice goes to another verified address of the account.
    pub to: EmailAddress,
    /// The change.
    pub event: Event,
    /// The address that was changed, that was used for the sign-in, or that the code of a key pair
    /// was sent to.
    pub address: EmailAddress,
    /// Until when a sign-in with the removed address, or with an address of the deleted account,
    /// takes the account back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recoverable_until: Option<Timestamp>,
    /// The name of the key pair that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<KeyName>,
    /// The client that made the change.
    #[serde(flatten)]
    pub client: ClientInfo,
    /// The language of the email.
    #[serde(default)]
    pub language: Language,
    /// When the change was made.
    pub created_at: Timestamp,
    /// When the notice is no longer sent.
    pub expires_at: Timestamp,
}

/// A change that the owner of an account is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// The address was verified and belongs to the account now.
    AddressVerified,
    /// The address was removed from the account.
    AddressRemoved,
    /// The address became the preferred one. Sent to that address.
    AddressPreferred,
    /// The address became the preferred one. Sent to the previous preferred address.
    NoLongerPreferred,
    /// A session was opened through an address that is not the preferred one.
    SignedInElsewhere,
    /// A sign-in with the address, which had been removed, took the account back.
    AccountRecovered,
    /// The account was deleted. Sent to each of its verified addresses.
    AccountDeleted,
    /// A sign-in with the address restored the account, which had been deleted.
    AccountRestored,
    /// The recovery made the recipient, which was the preferred address, unverified.
    UnverifiedByRecovery,
    /// A key pair was verified.
    KeyPairVerified,
}

impl Notice {
    const LIFETIME: Duration = Duration::from_hours(24);

    /// Creates a notice of a change in this request. Its language is the account's, not the
    /// request's: the client that made the change cannot choose a language that the owner does not
    /// understand.
    #[must_use]
    pub fn new(user: &User, to: &EmailAddress, event: Event, address: &EmailAddress, context: &RequestContext) -> Self {
        Self {
            id: NoticeId::generate(),
            user: user.id,
            to: to.clone(),
            event,
            address: address.clone(),
            recoverable_until: None,
            key_name: None,
            client: context.client.clone(),
            language: user.language,
            created_at: context.now,
            expires_at: context.now.plus(Self::LIFETIME),
        }
    }
}
