//! `PUT /keypair/verification`: activates a key pair. The preferred address is notified.
//!
//! Without a bearer token, the code and its 122-bit ID are the proof. With one, it must
//! authenticate the user of the code.
//!
//! 202 acknowledged · 400 · 401 · 429 · 500 · 503

use shared::{
    App, Endpoint, Error, Metric, Request, UserId,
    domain::verification::{CodeScope, Purpose},
    edge::{Acknowledged, CodeSubmission, Public},
};

/// `PUT /keypair/verification`: activates a key pair with a code.
#[derive(Debug)]
pub struct VerifyKeypair;

impl Endpoint for VerifyKeypair {
    const NAME: &'static str = "verify-keypair";
    const DERIVES_CODES: bool = true;
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesVerified);
    type Access = Public;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, _: Public) -> Result<Acknowledged, Error> {
        let verification = CodeSubmission::redeem(app, request, CodeScope::KeyPair).await?;
        let Purpose::KeyPair { user, key_pair, .. } = verification.purpose else {
            return Err(Error::CodeRefused(None));
        };
        app.store.verify_key_pair(&verification, (user, key_pair), &request.context, app.limits()).await?;
        Ok(Acknowledged::of(user))
    }

    fn user(output: &Acknowledged) -> Option<UserId> {
        output.user()
    }
}
