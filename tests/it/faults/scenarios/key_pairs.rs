//! The scenarios of key pairs. Each run has a user of its own, who has few of them.

use reqwest::Method;
use serde_json::json;

use super::{ApiRequest, Prepared, Scenario, new_identity, verification_request};
use crate::support::{Answer, KeyPair, Product, wrong};

impl Scenario {
    pub(super) fn is_about_key_pairs(self) -> bool {
        matches!(
            self,
            Self::CheckKeypair
                | Self::CreateKeypair
                | Self::DeleteKeypair
                | Self::GuessAtKeypair
                | Self::ListKeypairs
                | Self::VerifyKeypair
        )
    }

    /// Signs up a user and does everything that precedes the request.
    pub(super) async fn prepare_key_pair(self, product: &Product) -> Prepared {
        let (address, alias) = new_identity();
        let person = product.sign_up(&address, &alias).await;
        let authenticated = |method, path| ApiRequest::new(method, path).authenticated(&person);
        let (mut key_pair, mut proof) = (None, (String::new(), String::new()));
        let request = match self {
            Self::CreateKeypair => {
                authenticated(Method::POST, "/keypair").body(json!({"name": "Nightly backup", "days": 30}))
            }
            Self::GuessAtKeypair | Self::VerifyKeypair => {
                let (created, code) = product.key_pair_code(&person, &address).await;
                let submit = |code: &str| verification_request("/keypair/verification", &created.code_id, code);
                let request = match self {
                    Self::GuessAtKeypair => submit(&wrong(&code)),
                    _ => submit(&code).authenticated(&person),
                };
                proof = (created.code_id.clone(), code);
                key_pair = Some(created);
                request
            }
            _ => {
                let created = key_pair.insert(product.add_key_pair(&person).await);
                match self {
                    Self::CheckKeypair => ApiRequest::new(Method::GET, "/keypair").by_key_pair(created),
                    Self::DeleteKeypair => authenticated(Method::DELETE, "/keypair").id(&created.id),
                    _ => authenticated(Method::GET, "/keypairs"),
                }
            }
        };
        Prepared { request, person, subject: String::new(), proof, key_pair }
    }

    /// Checks that the effect of the request, whose last response is given, is stored.
    pub(super) async fn assert_effect_on_key_pair(self, product: &Product, prepared: &Prepared, last: &Answer) {
        let person = &prepared.person;
        let Some(key_pair) = &prepared.key_pair else {
            let created = KeyPair::of(last);
            product.check_key_pair(&created).await.refused(401, "active key pair");
            let code = product.newest_code(&person.address).await;
            product.verify_key_pair(&created.code_id, &code).await.acknowledged();
            product.check_key_pair(&created).await.expect(200);
            return;
        };
        if self == Self::GuessAtKeypair {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
            product.verify_key_pair(&prepared.proof.0, &prepared.proof.1).await.acknowledged();
        }
        let listed = product.key_pairs(person).await;
        if self == Self::DeleteKeypair {
            product.check_key_pair(key_pair).await.refused(401, "active key pair");
            assert!(listed.is_empty(), "{listed:?}");
            return;
        }
        assert_eq!(product.check_key_pair(key_pair).await.expect(200).text("userAlias"), person.alias);
        assert_eq!((&listed[0]["keyID"], &listed[0]["verified"]), (&json!(key_pair.id), &json!(true)));
        if self == Self::CheckKeypair || self == Self::ListKeypairs {
            assert!(last.body.to_string().contains(&key_pair.key), "{}", last.body);
        }
    }
}
