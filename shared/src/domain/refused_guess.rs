//! The trace that a refused code leaves in the log.

use crate::domain::{code::CodeKeys, email_address::EmailAddress, id::VerificationId, request_context::ClientInfo};

/// A refused code as the log shows it: equal addresses and equal sources have equal hashes, so that
/// an operator sees an attack without personal data.
#[derive(Debug)]
pub struct RefusedGuess {
    /// The `verificationCodeID` of the request, known or not.
    pub(crate) verification_id: VerificationId,
    /// The keyed hash of the address that the code was sent to; `None` if the code is unknown or
    /// can't be redeemed any more.
    pub(crate) address_hash: Option<String>,
    /// The keyed hash of the [source](ClientInfo::source).
    pub(crate) source_hash: String,
}

impl RefusedGuess {
    pub(crate) fn new(
        id: VerificationId,
        address: Option<&EmailAddress>,
        client: &ClientInfo,
        keys: &CodeKeys,
    ) -> Self {
        Self {
            verification_id: id,
            address_hash: address.map(|address| keys.pseudonym("address", address.canonical())),
            source_hash: keys.pseudonym("source", &client.source()),
        }
    }
}
