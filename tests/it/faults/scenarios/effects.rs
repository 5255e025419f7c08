//! The effects of the scenarios, as the API shows them.

use std::time::Duration;

use serde_json::json;

use super::{Prepared, Scenario, authenticated_at, expiry_of};
use crate::support::{Answer, Person, Product, Requested};

impl Scenario {
    /// Checks that the effect of the request, whose last response is given, is stored.
    pub(crate) async fn assert_effect(self, product: &Product, prepared: &Prepared, last: &Answer) {
        let Prepared { person, subject, proof, .. } = prepared;
        match self {
            _ if self.is_about_key_pairs() => self.assert_effect_on_key_pair(product, prepared, last).await,
            Self::CheckSession => assert_eq!(last.text("alias"), person.alias),
            Self::UpdateUser => {
                assert_eq!(product.user(&person.user_id).await.expect(200).text("alias"), *subject);
                assert_eq!(product.session(&person.bearer).await.expect(200).text("alias"), *subject);
            }
            Self::DeleteUser => {
                product.session(&person.bearer).await.refused(401, "bearer");
                product.user(&person.user_id).await.refused(404, "User not found");
                let back = product.sign_in(person).await;
                assert_eq!(product.emails(&back).await.len(), 2);
            }
            Self::RestoreAccount => {
                let session = product.session(subject).await.expect(200);
                assert_eq!(
                    (session.text("userID"), session.text("alias")),
                    (person.user_id.clone(), person.alias.clone())
                );
                product.user(&person.user_id).await.expect(200);
            }
            Self::GetUser => assert_eq!(last.body, json!({"alias": person.alias})),
            Self::GetAccount | Self::ListEmails => assert_eq!(last.body["emails"][0]["address"], json!(person.address)),
            Self::ListSessions => assert_eq!(last.body["sessions"][0]["sessionID"], json!(person.session_id)),
            Self::CreateUser | Self::CreateSession => {
                let requested = Requested::of(last);
                let code = product.newest_code(&person.address).await;
                product.verify_session(&requested.id, &code).await.acknowledged();
                assert_eq!(product.session(&requested.bearer).await.expect(200).text("alias"), person.alias);
            }
            Self::ReauthenticateSession => {
                let code = product.newest_code(&person.address).await;
                product.pass(Duration::from_secs(2));
                let before = authenticated_at(product, person).await;
                product.verify_session(&last.text("verificationCodeID"), &code).await.acknowledged();
                assert_ne!(authenticated_at(product, person).await, before);
            }
            Self::VerifyReauthentication => assert_ne!(authenticated_at(product, person).await, *subject),
            Self::RecoverAccount => {
                product.session(&person.bearer).await.refused(401, "bearer");
                let ended = prepared.key_pair.as_ref().expect("a key pair");
                product.check_key_pair(ended).await.refused(401, "active key pair");
                let back = Person { bearer: subject.clone(), ..person.clone() };
                let emails = product.emails(&back).await;
                assert_eq!((&emails[0]["address"], &emails[1]["verified"]), (&json!(person.address), &json!(false)));
            }
            Self::CreateEmail | Self::ResendEmailCode => {
                let code = product.newest_code(subject).await;
                product.verify_email(&last.text("verificationCodeID"), &code).await.acknowledged();
                assert_eq!(verified(product, prepared).await, Some(true));
            }
            Self::VerifySignUp | Self::VerifySignIn => {
                assert_eq!(product.session(subject).await.expect(200).text("alias"), person.alias);
            }
            Self::GuessAtSession => {
                product.session(subject).await.refused(401, "bearer");
                product.verify_session(&proof.0, &proof.1).await.acknowledged();
                product.session(subject).await.expect(200);
            }
            Self::GuessAtEmail => {
                assert_eq!(verified(product, prepared).await, Some(false));
                product.verify_email(&proof.0, &proof.1).await.acknowledged();
                assert_eq!(verified(product, prepared).await, Some(true));
            }
            Self::VerifyEmail => assert_eq!(verified(product, prepared).await, Some(true)),
            Self::PreferEmail => assert_eq!(product.emails(person).await[0]["address"], json!(subject)),
            Self::DeleteEmail => assert_eq!(verified(product, prepared).await, None),
            Self::ExtendSession => assert_ne!(expiry_of(product, person).await, *subject),
            Self::CloseSession | Self::CloseSessions => {
                product.session(&person.bearer).await.refused(401, "bearer");
            }
            Self::CloseAnotherSession => {
                product.session(subject).await.refused(401, "bearer");
                product.session(&person.bearer).await.expect(200);
            }
            _ => unreachable!("about key pairs"),
        }
    }
}

/// Returns whether the subject of the scenario is a verified address of its user, or `None` if it
/// is not listed.
async fn verified(product: &Product, prepared: &Prepared) -> Option<bool> {
    let emails = product.emails(&prepared.person).await;
    emails.iter().find(|email| email["address"] == *prepared.subject)?["verified"].as_bool()
}
