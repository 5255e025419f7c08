//! Bodies about codes that several endpoints share.

use serde::Serialize;

use crate::{
    domain::{
        bearer_token::BearerToken,
        code::SubmittedCode,
        id::{SessionId, VerificationId},
        request_context::RequestContext,
        session::PendingSession,
        timestamp::Timestamp,
    },
    edge::{Client, FromBody, Members},
};

/// The request body of the endpoints that verify a code.
#[derive(Debug)]
pub struct CodeSubmission {
    /// `verificationCodeID`
    pub id: VerificationId,
    /// The code as submitted.
    pub code: SubmittedCode,
}

impl FromBody for CodeSubmission {
    fn read(members: &mut Members) -> Option<Self> {
        let (id, code) = (members.take("verificationCodeID"), members.take("code"));
        Some(Self { id: id?, code: code? })
    }
}

/// The response to a request for a code that opens a session. The bearer token is inactive until
/// the code is verified.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequested {
    bearer: BearerToken,
    #[serde(rename = "sessionID")]
    session_id: SessionId,
    expire_at: Timestamp,
    #[serde(flatten)]
    client: Client,
    #[serde(rename = "verificationCodeID")]
    verification_id: VerificationId,
}

impl SessionRequested {
    /// Creates the response. It is the only place where the bearer token is shown.
    #[must_use]
    pub fn new(bearer: BearerToken, session: &PendingSession, context: &RequestContext, id: VerificationId) -> Self {
        Self {
            bearer,
            session_id: session.id,
            expire_at: session.expires_at,
            client: context.client.clone().into(),
            verification_id: id,
        }
    }
}

/// The response to a request for a code that verifies an address.
#[derive(Debug, Serialize)]
pub struct CodeRequested {
    #[serde(rename = "verificationCodeID")]
    verification_id: VerificationId,
}

impl CodeRequested {
    /// Creates the response.
    #[must_use]
    pub fn new(verification_id: VerificationId) -> Self {
        Self { verification_id }
    }
}
