//! Requests to every endpoint, what precedes them, and how to check their effect afterwards.

mod effects;
mod key_pairs;
mod preparations;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::api_request::ApiRequest;
use crate::support::{KeyPair, Person, Product, wrong};

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
    DeleteUser,
    ExtendSession,
    GetAccount,
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
    RestoreAccount,
    UpdateUser,
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
            | Scenario::RestoreAccount
            | Scenario::VerifyKeypair
            | Scenario::VerifyReauthentication
            | Scenario::VerifySignUp => &self.person.address,
            _ => return None,
        };
        Some((format!("CODE#{} CODE", self.proof.0), format!("RATE_LIMIT#{address} RATE_LIMIT")))
    }
}

impl Scenario {
    pub(crate) const ALL: [Self; 32] = [
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
        Self::DeleteUser,
        Self::ExtendSession,
        Self::GetAccount,
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
        Self::RestoreAccount,
        Self::UpdateUser,
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
            Self::DeleteUser => ("DELETE", "/user"),
            Self::GetAccount => ("GET", "/user"),
            Self::UpdateUser => ("PUT", "/user"),
            Self::GetUser => ("GET", "/user/id/{id}"),
            Self::GuessAtEmail | Self::VerifyEmail => ("PUT", "/email/verification"),
            Self::GuessAtSession
            | Self::RecoverAccount
            | Self::RestoreAccount
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
            | Self::GetAccount
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
            | Self::DeleteUser
            | Self::RecoverAccount
            | Self::RestoreAccount
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
            Self::RecoverAccount | Self::RestoreAccount => {
                &["GetItem ADDRESS/ADDRESS", "Query", "TransactWriteItems", "UpdateItem CODE/CODE"]
            }
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
            Self::CreateKeypair | Self::DeleteEmail | Self::UpdateUser | Self::VerifyEmail => 5,
            Self::VerifyKeypair => 6,
            Self::VerifySignUp => 7,
            Self::RestoreAccount | Self::VerifySignIn => 8,
            Self::RecoverAccount => 14,
            Self::DeleteUser => 12,
            _ => 0,
        }
    }

    /// Creates the user of all runs of the scenario. A sign-up has none.
    pub(crate) async fn begin(self, product: &Product) -> Option<Person> {
        if self.is_about_key_pairs() {
            return None;
        }
        if matches!(
            self,
            Self::CreateUser | Self::GuessAtSession | Self::RecoverAccount | Self::RestoreAccount | Self::VerifySignUp
        ) {
            return None;
        }
        let (address, alias) = new_identity();
        let person = product.sign_up(&address, &alias).await;
        if self == Self::PreferEmail || self == Self::VerifySignIn {
            product.add_email(&person, &second_address(&person)).await;
        }
        if self == Self::UpdateUser {
            product.add_key_pair(&person).await;
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
                Self::RestoreAccount => self.prepare_restoring(product).await,
                _ if self.is_about_key_pairs() => self.prepare_key_pair(product).await,
                _ => self.prepare_sign_up(product).await,
            };
        };
        let mut person = person.clone();
        // Many runs would exceed the addresses that a user can have.
        if matches!(self, Self::CreateEmail | Self::GuessAtEmail | Self::ResendEmailCode | Self::VerifyEmail) {
            let (address, alias) = new_identity();
            person = product.sign_up(&address, &alias).await;
        }
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
            Self::GetAccount => authenticated(Method::GET, "/user"),
            Self::UpdateUser => {
                subject = new_identity().1;
                authenticated(Method::PUT, "/user").body(json!({"alias": subject}))
            }
            Self::DeleteUser => {
                person = product.sign_up(&subject, &new_identity().1).await;
                product.add_email(&person, &second_address(&person)).await;
                product.add_key_pair(&person).await;
                ApiRequest::new(Method::DELETE, "/user").authenticated(&person)
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

/// Returns when a code was last verified in the user's session.
pub(super) async fn authenticated_at(product: &Product, person: &Person) -> String {
    product.session(&person.bearer).await.expect(200).body["authenticatedAt"].to_string()
}

/// Returns the expiry of the user's session.
pub(super) async fn expiry_of(product: &Product, person: &Person) -> String {
    product.session(&person.bearer).await.expect(200).body["expireAt"].to_string()
}
