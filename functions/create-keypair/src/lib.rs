//! `POST /keypair`: creates a key pair and emails its code to the preferred address. The key pair
//! is inactive until the code is verified (`PUT /keypair/verification`), and expires with it.
//!
//! The response is the only place where the secret is shown.
//!
//! 202 with the key pair and the ID of the verification · 400 · 401 · 403 · 429 · 500 · 503

use serde::Serialize;
use shared::{
    App, Endpoint, Error, Metric, Request, VerificationId,
    domain::key_pair::{ApiSecret, KeyDays, KeyName, NewKeyPair},
    edge::{Fresh, FromBody, ListedKeyPair, Members},
};

/// `POST /keypair`: creates a key pair.
#[derive(Debug)]
pub struct CreateKeypair;

struct Wanted {
    name: KeyName,
    days: KeyDays,
}

impl FromBody for Wanted {
    fn read(members: &mut Members) -> Option<Self> {
        let (name, days) = (members.take("name"), members.take("days"));
        Some(Self { name: name?, days: days? })
    }
}

/// A key pair that waits for its code.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedKeyPair {
    #[serde(flatten)]
    key_pair: ListedKeyPair,
    api_secret: ApiSecret,
    #[serde(rename = "verificationCodeID")]
    verification_id: VerificationId,
}

impl Endpoint for CreateKeypair {
    const NAME: &'static str = "create-keypair";
    const SUCCESS_METRIC: Option<Metric> = Some(Metric::CodesRequested);
    type Access = Fresh;
    type Output = CreatedKeyPair;

    async fn handle(app: &App, request: &Request, Fresh(access): Fresh) -> Result<CreatedKeyPair, Error> {
        let Wanted { name, days } = request.body()?;
        let api_secret = ApiSecret::generate();
        let new = NewKeyPair { name, days, secret_hash: api_secret.hash() };
        let user = access.session.user;
        let (key_pair, verification_id) = app.store.create_key_pair(user, &new, &request.context, app.limits()).await?;
        Ok(CreatedKeyPair { key_pair: (&key_pair).into(), api_secret, verification_id })
    }
}
