//! What precedes the requests of scenarios without a user of several runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{ApiRequest, Prepared, Scenario, new_identity, second_address, verification_request};
use crate::support::{Person, Product, wrong};

impl Scenario {
    /// Signs up a user whose only address is then replaced by another one.
    pub(super) async fn prepare_recovery(self, product: &Product) -> Prepared {
        let (address, alias) = new_identity();
        let person = product.sign_up(&address, &alias).await;
        let key_pair = Some(product.add_key_pair(&person).await);
        let first = product.email_id(&person, &address).await;
        let second = product.add_email(&person, &second_address(&person)).await;
        product.prefer(&person, &second).await.acknowledged();
        product.delete_email(&person, &first).await.acknowledged();
        let (requested, code) = product.sign_in_code(&address).await;
        let request = verification_request("/session/verification", &requested.id, &code);
        Prepared { request, person, subject: requested.bearer, proof: (requested.id, code), key_pair }
    }

    /// Signs up a user who then deletes the account.
    pub(super) async fn prepare_restoring(self, product: &Product) -> Prepared {
        let (address, alias) = new_identity();
        let person = product.sign_up(&address, &alias).await;
        product.delete_user(&person).await.acknowledged();
        let (requested, code) = product.sign_in_code(&address).await;
        let request = verification_request("/session/verification", &requested.id, &code);
        Prepared { request, person, subject: requested.bearer, proof: (requested.id, code), key_pair: None }
    }

    pub(super) async fn prepare_sign_up(self, product: &Product) -> Prepared {
        let (address, alias) = new_identity();
        let (requested, code) = product.sign_up_code(&address, &alias).await;
        let request = match self {
            // A repeated sign-up: the reservation and the rate limit exist, and change because time
            // has passed.
            Self::CreateUser => {
                product.pass(Duration::from_secs(2));
                ApiRequest::new(Method::POST, "/user")
                    .body(json!({"email": address, "fullName": "John Doe", "alias": alias}))
            }
            Self::VerifySignUp => verification_request("/session/verification", &requested.id, &code),
            _ => verification_request("/session/verification", &requested.id, &wrong(&code)),
        };
        let person = Person {
            address,
            alias,
            user_id: String::new(),
            session_id: requested.session_id,
            bearer: requested.bearer.clone(),
        };
        Prepared { request, person, subject: requested.bearer, proof: (requested.id, code), key_pair: None }
    }
}
