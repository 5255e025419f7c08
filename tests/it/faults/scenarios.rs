//! Requests to every endpoint, what precedes them, and how to check their effect afterwards.

mod key_pairs;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::api_request::ApiRequest;
use crate::support::{Answer, KeyPair, Person, Product, Requested, wrong};

/// A request to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    CheckKeypair,
    CheckSession,
    CloseAnotherSession,
    CloseSession,
    CloseSessions,
    CreateEmail,
    CreateKeypair,
    CreateSession,
    CreateUser,
    DeleteEmail,
    DeleteKeypair,
    ExtendSession,
    GetUser,
    GuessAtEmail,
    GuessAtKeypair,
    GuessAtSession,
    ListEmails,
    ListKeypairs,
    ListSessions,
    PreferEmail,
    ReauthenticateSession,
    RecoverAccount,
    ResendEmailCode,
    VerifyEmail,
    VerifyKeypair,
    VerifyReauthentication,
    VerifySignIn,
    VerifySignUp,
}

/// A scenario in which everything before its request has happened.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) request: ApiRequest,
    /// The user who makes the request, or who signs up.
    person: Person,
    /// The subject of the request: an address, the bearer token of another session, or the previous
    /// expiry of the session.
    subject: String,
    /// The ID of a verification, and its code.
    proof: (String, String),
    /// The key pair that the request is about.
    key_pair: Option<KeyPair>,
}

impl Prepared {
    /// The keys of the verification whose code is submitted, and of the rate limit of its address.
    pub(crate) fn guessed(&self, scenario: Scenario) -> Option<(String, String)> {
        let address = match scenario {
            Scenario::GuessAtEmail | Scenario::VerifyEmail => &self.subject,
            Scenario::VerifySignIn => &second_address(&self.person),
            Scenario::GuessAtKeypair
            | Scenario::GuessAtSession
            | Scenario::RecoverAccount
            | Scenario::VerifyKeypair
            | Scenario::VerifyReauthentication
            | Scenario::VerifySignUp => &self.person.address,
            _ => return None,
        };
        Some((format!("CODE#{} CODE", self.proof.0), format!("RATE_LIMIT#{address} RATE_LIMIT")))
    }
}

impl Scenario {
    pub(crate) const ALL: [Self; 28] = [
        Self::CheckKeypair,
        Self::CheckSession,
        Self::CloseAnotherSession,
        Self::CloseSession,
        Self::CloseSessions,
        Self::CreateEmail,
        Self::CreateKeypair,
        Self::CreateSession,
        Self::CreateUser,
        Self::DeleteEmail,
        Self::DeleteKeypair,
        Self::ExtendSession,
        Self::GetUser,
        Self::GuessAtEmail,
        Self::GuessAtKeypair,
        Self::GuessAtSession,
        Self::ListEmails,
        Self::ListKeypairs,
        Self::ListSessions,
        Self::PreferEmail,
        Self::ReauthenticateSession,
        Self::RecoverAccount,
        Self::ResendEmailCode,
        Self::VerifyEmail,
        Self::VerifyKeypair,
        Self::VerifyReauthentication,
        Self::VerifySignIn,
        Self::VerifySignUp,
    ];

    /// The name of the function that serves the request.
    pub(crate) fn function(self) -> &'static str {
        let (method, path) = self.route();
        registry::serving(method, path).expect("an endpoint").name
    }

    fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::CheckKeypair => ("GET", "/keypair"),
            Self::CreateKeypair => ("POST", "/keypair"),
            Self::DeleteKeypair => ("DELETE", "/keypair/{id}"),
            Self::ListKeypairs => ("GET", "/keypairs"),
            Self::GuessAtKeypair | Self::VerifyKeypair => ("PUT", "/keypair/verification"),
            Self::CheckSession => ("GET", "/session"),
            Self::CloseAnotherSession | Self::CloseSession => ("DELETE", "/session/{id}"),
            Self::CreateEmail => ("POST", "/email"),
            Self::CreateSession => ("POST", "/session"),
            Self::CreateUser => ("POST", "/user"),
            Self::DeleteEmail => ("DELETE", "/email/{id}"),
            Self::ExtendSession => ("PUT", "/session/extend"),
            Self::GetUser => ("GET", "/user/id/{id}"),
            Self::GuessAtEmail | Self::VerifyEmail => ("PUT", "/email/verification"),
            Self::GuessAtSession
            | Self::RecoverAccount
            | Self::VerifyReauthentication
            | Self::VerifySignIn
            | Self::VerifySignUp => ("PUT", "/session/verification"),
            Self::ListEmails => ("GET", "/emails"),
            Self::CloseSessions => ("DELETE", "/sessions"),
            Self::ListSessions => ("GET", "/sessions"),
            Self::PreferEmail => ("PUT", "/email/preferred"),
            Self::ReauthenticateSession => ("POST", "/session/reauthentication"),
            Self::ResendEmailCode => ("POST", "/email/verification"),
        }
    }

    /// The status of the response if nothing fails.
    pub(crate) fn expected_status(self) -> u16 {
        match self {
            Self::CheckKeypair
            | Self::CheckSession
            | Self::GetUser
            | Self::ListEmails
            | Self::ListKeypairs
            | Self::ListSessions => 200,
            Self::GuessAtEmail | Self::GuessAtKeypair | Self::GuessAtSession => 401,
            _ => 202,
        }
    }

    /// The status of the response to a request that is repeated after it took effect.
    pub(crate) fn repeated_status(self) -> u16 {
        match self {
            Self::CloseAnotherSession | Self::DeleteEmail | Self::DeleteKeypair => 404,
            Self::CloseSession
            | Self::CloseSessions
            | Self::RecoverAccount
            | Self::VerifyEmail
            | Self::VerifyKeypair
            | Self::VerifyReauthentication
            | Self::VerifySignIn
            | Self::VerifySignUp => 401,
            _ => self.expected_status(),
        }
    }

    /// The calls to DynamoDB: those in the registry, unless the scenario is not the usual request.
    pub(crate) fn calls(self) -> &'static [&'static str] {
        match self {
            Self::CloseAnotherSession => &["GetItem SESSION/SESSION", "GetItem USER/SESSION", "TransactWriteItems"],
            Self::GuessAtEmail | Self::GuessAtKeypair | Self::GuessAtSession => {
                &["UpdateItem CODE/CODE", "UpdateItem RATE_LIMIT/RATE_LIMIT"]
            }
            Self::RecoverAccount => &["GetItem ADDRESS/ADDRESS", "Query", "TransactWriteItems", "UpdateItem CODE/CODE"],
            Self::VerifyReauthentication | Self::VerifySignUp => &["TransactWriteItems", "UpdateItem CODE/CODE"],
            _ => registry::find(self.function()).expect("a function").cost.calls,
        }
    }

    /// Whether the request makes the calls in the registry.
    pub(crate) fn is_usual(self) -> bool {
        std::ptr::eq(self.calls(), registry::find(self.function()).expect("a function").cost.calls)
    }

    /// The number of items in the transaction.
    pub(crate) fn transaction_items(self) -> usize {
        match self {
            Self::CloseAnotherSession
            | Self::CloseSession
            | Self::CloseSessions
            | Self::ExtendSession
            | Self::CreateSession
            | Self::DeleteKeypair
            | Self::ReauthenticateSession => 2,
            Self::CreateUser | Self::ResendEmailCode | Self::PreferEmail | Self::VerifyReauthentication => 3,
            Self::CreateEmail => 4,
            Self::CreateKeypair | Self::DeleteEmail | Self::VerifyEmail => 5,
            Self::VerifyKeypair => 6,
            Self::VerifySignUp => 7,
            Self::VerifySignIn => 8,
            Self::RecoverAccount => 14,
            _ => 0,
        }
    }

    /// Creates the user of all runs of the scenario. A sign-up has none.
    pub(crate) async fn begin(self, product: &Product) -> Option<Person> {
        if self.is_about_key_pairs() {
            return None;
        }
        if matches!(self, Self::CreateUser | Self::GuessAtSession | Self::RecoverAccount | Self::VerifySignUp) {
            return None;
        }
        let (address, alias) = new_identity();
        let person = product.sign_up(&address, &alias).await;
        if self == Self::PreferEmail || self == Self::VerifySignIn {
            product.add_email(&person, &second_address(&person)).await;
        }
        if self == Self::VerifySignIn {
            // The user now has the maximum number of sessions.
            product.sign_in(&person).await;
        }
        Some(person)
    }

    /// Does everything that precedes the request.
    pub(crate) async fn prepare(self, product: &Product, person: Option<&Person>) -> Prepared {
        let Some(person) = person else {
            return match self {
                Self::RecoverAccount => self.prepare_recovery(product).await,
                _ if self.is_about_key_pairs() => self.prepare_key_pair(product).await,
                _ => self.prepare_sign_up(product).await,
            };
        };
        let mut person = person.clone();
        let authenticated = |method, path| ApiRequest::new(method, path).authenticated(&person);
        let (mut subject, mut proof) = (new_identity().0, (String::new(), String::new()));
        let request = match self {
            Self::CheckSession => authenticated(Method::GET, "/session"),
            Self::ListEmails => authenticated(Method::GET, "/emails"),
            Self::ListSessions => authenticated(Method::GET, "/sessions"),
            Self::GetUser => ApiRequest::new(Method::GET, "/user/id").id(&person.user_id),
            Self::CreateSession => ApiRequest::new(Method::POST, "/session").body(json!({"email": person.address})),
            Self::ExtendSession => {
                subject = expiry_of(product, &person).await;
                product.pass(Duration::from_secs(2));
                authenticated(Method::PUT, "/session/extend")
            }
            Self::CloseSession => {
                person = product.sign_in(&person).await;
                ApiRequest::new(Method::DELETE, "/session").authenticated(&person).id(&person.session_id)
            }
            Self::CloseSessions => {
                person = product.sign_up(&subject, &new_identity().1).await;
                ApiRequest::new(Method::DELETE, "/sessions").authenticated(&person)
            }
            Self::CloseAnotherSession => {
                let other = product.sign_in(&person).await;
                subject = other.bearer;
                authenticated(Method::DELETE, "/session").id(&other.session_id)
            }
            Self::ReauthenticateSession => authenticated(Method::POST, "/session/reauthentication"),
            Self::VerifyReauthentication => {
                subject = authenticated_at(product, &person).await;
                product.pass(Duration::from_secs(2));
                let asked = product.ask_to_reauthenticate(&person.bearer).await.expect(202);
                proof = (asked.text("verificationCodeID"), product.newest_code(&person.address).await);
                verification_request("/session/verification", &proof.0, &proof.1)
            }
            Self::CreateEmail => authenticated(Method::POST, "/email").body(json!({"address": subject})),
            Self::ResendEmailCode => {
                product.ask_to_add(&person, &subject).await.expect(202);
                authenticated(Method::POST, "/email/verification").body(json!({"address": subject}))
            }
            Self::VerifyEmail => {
                proof = product.email_code(&person, &subject).await;
                verification_request("/email/verification", &proof.0, &proof.1).authenticated(&person)
            }
            Self::GuessAtEmail => {
                proof = product.email_code(&person, &subject).await;
                verification_request("/email/verification", &proof.0, &wrong(&proof.1))
            }
            Self::PreferEmail => {
                let other = &product.emails(&person).await[1];
                subject = other["address"].as_str().expect("an address").to_owned();
                authenticated(Method::PUT, "/email/preferred").body(json!({"emailID": other["emailID"]}))
            }
            Self::DeleteEmail => {
                let id = product.add_email(&person, &subject).await;
                authenticated(Method::DELETE, "/email").id(&id)
            }
            Self::VerifySignIn => {
                // The sign-in through the second address notifies the first one.
                let (requested, code) = product.sign_in_code(&second_address(&person)).await;
                subject = requested.bearer;
                let request = verification_request("/session/verification", &requested.id, &code);
                proof = (requested.id, code);
                request
            }
            _ => unreachable!("no user of several runs"),
        };
        Prepared { request, person, subject, proof, key_pair: None }
    }

    /// Signs up a user whose only address is then replaced by another one.
    async fn prepare_recovery(self, product: &Product) -> Prepared {
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

    async fn prepare_sign_up(self, product: &Product) -> Prepared {
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

    /// Checks that the effect of the request, whose last response is given, is stored.
    pub(crate) async fn assert_effect(self, product: &Product, prepared: &Prepared, last: &Answer) {
        let Prepared { person, subject, proof, .. } = prepared;
        match self {
            _ if self.is_about_key_pairs() => self.assert_effect_on_key_pair(product, prepared, last).await,
            Self::CheckSession => assert_eq!(last.text("alias"), person.alias),
            Self::GetUser => assert_eq!(last.body, json!({"alias": person.alias})),
            Self::ListEmails => assert_eq!(last.body["emails"][0]["address"], json!(person.address)),
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

fn verification_request(path: &'static str, id: &str, code: &str) -> ApiRequest {
    ApiRequest::new(Method::PUT, path).body(json!({"verificationCodeID": id, "code": code}))
}

/// A new address and a new alias.
fn new_identity() -> (String, String) {
    let name = uuid::Uuid::new_v4().simple().to_string();
    (format!("{name}@doe.net"), name[..30].to_owned())
}

/// The second address of a user.
fn second_address(person: &Person) -> String {
    person.address.replace("doe.net", "work.example")
}

/// Returns whether the subject of the scenario is a verified address of its user, or `None` if it
/// is not listed.
async fn verified(product: &Product, prepared: &Prepared) -> Option<bool> {
    let emails = product.emails(&prepared.person).await;
    emails.iter().find(|email| email["address"] == *prepared.subject)?["verified"].as_bool()
}

/// Returns when a code was last verified in the user's session.
async fn authenticated_at(product: &Product, person: &Person) -> String {
    product.session(&person.bearer).await.expect(200).body["authenticatedAt"].to_string()
}

/// Returns the expiry of the user's session.
async fn expiry_of(product: &Product, person: &Person) -> String {
    product.session(&person.bearer).await.expect(200).body["expireAt"].to_string()
}
