//! Bodies about codes that several endpoints share.

use serde::Serialize;
use tokio::try_join;

use crate::{
    app::App,
    domain::{
        bearer_token::BearerToken,
        code::SubmittedCode,
        id::{SessionId, VerificationId},
        request_context::RequestContext,
        session::PendingSession,
        timestamp::Timestamp,
        verification::{CodeScope, Verification},
    },
    edge::{Client, FromBody, Members, Request},
    error::Error,
};

/// The request body of the endpoints that verify a code.
#[derive(Debug)]
pub struct CodeSubmission {
    /// `verificationCodeID`
    pub id: VerificationId,
    /// The code as submitted.
    pub code: SubmittedCode,
}

impl CodeSubmission {
    /// Redeems the code in the body of a request. Without a bearer token, the code and its 122-bit
    /// ID are the proof. With one, it must authenticate the user of the code.
    ///
    /// # Errors
    /// As [`App::redeem`]; [`Error::CodeRefused`] if the code is another user's, and
    /// [`Error::Unauthenticated`] if the bearer token is invalid.
    pub async fn redeem(app: &App, request: &Request, scope: CodeScope) -> Result<Verification, Error> {
        let (context, token) = (&request.context, request.bearer_token()?);
        let Self { id, code } = request.body()?;
        let authenticated = async {
            match &token {
                Some(token) => app.authenticate(token, context.now).await.map(Some),
                None => Ok(None),
            }
        };
        // Run both concurrently. An invalid token can use up a try, but so can a request without a
        // token.
        let (authenticated, verification) = try_join!(authenticated, app.redeem(id, &code, scope, context))?;
        let user = verification.purpose.user();
        if authenticated.is_some_and(|authenticated| Some(authenticated.session.user) != user) {
            return Err(Error::CodeRefused(None));
        }
        Ok(verification)
    }
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
