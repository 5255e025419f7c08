//! `GET /keypair`: returns the key pair of the headers `api-key` and `api-secret`, and its user.
//! Other headers are ignored, a bearer token included.
//!
//! 200 with the key pair · 401 · 500 · 503

use serde::Serialize;
use shared::{
    App, Endpoint, Error, Request, UserId,
    edge::{ByKeyPair, ListedKeyPair},
};

/// `GET /keypair`: checks a key pair and returns it with its user.
#[derive(Debug)]
pub struct CheckKeypair;

/// An active key pair and its user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedKeyPair {
    #[serde(flatten)]
    key_pair: ListedKeyPair,
    #[serde(rename = "userID")]
    user_id: UserId,
    user_name: String,
    user_alias: String,
    roles: Vec<String>,
    groups: Vec<String>,
}

impl Endpoint for CheckKeypair {
    const NAME: &'static str = "check-keypair";
    type Access = ByKeyPair;
    type Output = CheckedKeyPair;

    async fn handle(_: &App, _: &Request, ByKeyPair(key_pair): ByKeyPair) -> Result<CheckedKeyPair, Error> {
        Ok(CheckedKeyPair {
            key_pair: (&key_pair).into(),
            user_id: key_pair.user,
            user_name: key_pair.full_name,
            user_alias: key_pair.alias,
            roles: key_pair.roles,
            groups: key_pair.groups,
        })
    }
}
