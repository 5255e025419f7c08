//! Requests about key pairs.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Person, Product};

/// A key pair as its creator has it.
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
    /// The ID of its verification.
    pub(crate) code_id: String,
}

impl KeyPair {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self {
            id: answer.text("keyID"),
            key: answer.text("apiKey"),
            secret: answer.text("apiSecret"),
            code_id: answer.text("verificationCodeID"),
        }
    }

    /// Adds the key pair to a request.
    pub(crate) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("api-key", &self.key).header("api-secret", &self.secret)
    }
}

impl Product {
    /// Creates a key pair for 90 days, without verifying it.
    pub(crate) async fn ask_for_key_pair(&self, person: &Person, name: &str) -> Answer {
        let body = json!({"name": name, "days": 90});
        self.call_as(&person.bearer, Method::POST, "/keypair", Some(body)).await
    }

    /// Creates a key pair, and returns it with its code. `preferred` is the address that gets the
    /// code.
    pub(crate) async fn key_pair_code(&self, person: &Person, preferred: &str) -> (KeyPair, String) {
        let key_pair = KeyPair::of(&self.ask_for_key_pair(person, "Nightly backup").await.expect(202));
        (key_pair, self.newest_code(preferred).await)
    }

    /// Creates a key pair and verifies it. The user prefers the address that they signed up with.
    pub(crate) async fn add_key_pair(&self, person: &Person) -> KeyPair {
        let (key_pair, code) = self.key_pair_code(person, &person.address).await;
        self.verify_key_pair(&key_pair.code_id, &code).await.acknowledged();
        key_pair
    }

    /// Submits the code of a key pair, without a bearer token.
    pub(crate) async fn verify_key_pair(&self, id: &str, code: &str) -> Answer {
        self.call(Method::PUT, "/keypair/verification", json!({"verificationCodeID": id, "code": code})).await
    }

    /// Submits the code of a key pair, with a bearer token.
    pub(crate) async fn verify_key_pair_as(&self, bearer: &str, id: &str, code: &str) -> Answer {
        let body = json!({"verificationCodeID": id, "code": code});
        self.call_as(bearer, Method::PUT, "/keypair/verification", Some(body)).await
    }

    /// Checks a key pair.
    pub(crate) async fn check_key_pair(&self, key_pair: &KeyPair) -> Answer {
        self.send(key_pair.on(self.request(Method::GET, "/keypair"))).await
    }

    /// Returns the `keys` of a user.
    pub(crate) async fn key_pairs(&self, person: &Person) -> Vec<Value> {
        let answer = self.call_as(&person.bearer, Method::GET, "/keypairs", None).await.expect(200);
        answer.body["keys"].as_array().expect("keys").clone()
    }

    /// Deletes a key pair of a user.
    pub(crate) async fn delete_key_pair(&self, person: &Person, id: &str) -> Answer {
        self.call_as(&person.bearer, Method::DELETE, &format!("/keypair/{id}"), None).await
    }
}
