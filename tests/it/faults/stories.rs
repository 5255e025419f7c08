//! What every endpoint is asked, by whom, and how one can see afterwards that it was done.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::ask::Ask;
use crate::support::{Answer, Person, Product, Requested, wrong};

/// An endpoint with what it is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    CheckSession,
    CloseAnotherSession,
    CloseSession,
    CreateEmail,
    CreateSession,
    CreateUser,
    DeleteEmail,
    ExtendSession,
    GetUser,
    GuessAtEmail,
    GuessAtSession,
    ListEmails,
    ListSessions,
    PreferEmail,
    ResendEmailCode,
    VerifyEmail,
    VerifySignIn,
    VerifySignUp,
}

/// A story that can be told: everything before its request has happened.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) ask: Ask,
    /// Whose it is; of a sign-up, who he will be.
    person: Person,
    /// What it is about: an address, another session's bearer, or when the session would have ended.
    about: String,
    /// Of a verification, that and its code.
    proof: (String, String),
}

impl Prepared {
    /// The keys of the verification that is guessed at, and of its address's budget.
    pub(crate) fn guessed(&self, story: Story) -> Option<(String, String)> {
        let address = match story {
            Story::GuessAtEmail | Story::VerifyEmail => &self.about,
            Story::VerifySignIn => &second(&self.person),
            Story::GuessAtSession | Story::VerifySignUp => &self.person.address,
            _ => return None,
        };
        Some((format!("CODE#{} CODE", self.proof.0), format!("RATE_LIMIT#{address} RATE_LIMIT")))
    }
}

impl Story {
    pub(crate) const ALL: [Self; 18] = [
        Self::CheckSession,
        Self::CloseAnotherSession,
        Self::CloseSession,
        Self::CreateEmail,
        Self::CreateSession,
        Self::CreateUser,
        Self::DeleteEmail,
        Self::ExtendSession,
        Self::GetUser,
        Self::GuessAtEmail,
        Self::GuessAtSession,
        Self::ListEmails,
        Self::ListSessions,
        Self::PreferEmail,
        Self::ResendEmailCode,
        Self::VerifyEmail,
        Self::VerifySignIn,
        Self::VerifySignUp,
    ];

    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::CheckSession => "check-session",
            Self::CloseAnotherSession | Self::CloseSession => "close-session",
            Self::CreateEmail => "create-email",
            Self::CreateSession => "create-session",
            Self::CreateUser => "create-user",
            Self::DeleteEmail => "delete-email",
            Self::ExtendSession => "extend-session",
            Self::GetUser => "get-user",
            Self::ListEmails => "list-emails",
            Self::ListSessions => "list-sessions",
            Self::PreferEmail => "prefer-email",
            Self::ResendEmailCode => "resend-email-code",
            Self::GuessAtEmail | Self::VerifyEmail => "verify-email",
            Self::GuessAtSession | Self::VerifySignIn | Self::VerifySignUp => "verify-session",
        }
    }

    /// The status of the answer if all goes well.
    pub(crate) fn happy(self) -> u16 {
        match self {
            Self::CheckSession | Self::GetUser | Self::ListEmails | Self::ListSessions => 200,
            Self::GuessAtEmail | Self::GuessAtSession => 401,
            _ => 202,
        }
    }

    /// The status of the answer to somebody who asks again for what was done already.
    pub(crate) fn again(self) -> u16 {
        match self {
            Self::CloseAnotherSession | Self::DeleteEmail => 404,
            Self::CloseSession | Self::VerifyEmail | Self::VerifySignIn | Self::VerifySignUp => 401,
            _ => self.happy(),
        }
    }

    /// What is asked of DynamoDB, and of how many parts the transaction is.
    pub(crate) fn calls(self) -> (&'static [&'static str], usize) {
        const SESSION: &str = "GetItem SESSION/SESSION";
        const HOUR: &str = "UpdateItem RATE_LIMIT/HOUR";
        const MAILS: &str = "GetItem RATE_LIMIT/RATE_LIMIT";
        const WRONG: &str = "UpdateItem RATE_LIMIT/RATE_LIMIT";
        const TRY: &str = "UpdateItem CODE/CODE";
        const ALL: &str = "Query";
        const WRITE: &str = "TransactWriteItems";
        match self {
            Self::CheckSession => (&[SESSION], 0),
            Self::CloseAnotherSession => (&[SESSION, "GetItem USER/SESSION", WRITE], 2),
            Self::CloseSession | Self::ExtendSession => (&[SESSION, WRITE], 2),
            Self::CreateUser => (&[MAILS, WRITE, HOUR], 3),
            Self::CreateSession => (&[MAILS, WRITE, HOUR], 2),
            Self::CreateEmail => (&[MAILS, SESSION, ALL, WRITE, HOUR], 4),
            Self::ResendEmailCode => (&[MAILS, SESSION, ALL, WRITE, HOUR], 3),
            Self::DeleteEmail => (&[SESSION, ALL, WRITE], 4),
            Self::PreferEmail => (&[SESSION, ALL, WRITE], 3),
            Self::GetUser => (&["GetItem USER/USER"], 0),
            Self::ListEmails | Self::ListSessions => (&[SESSION, ALL], 0),
            Self::GuessAtEmail | Self::GuessAtSession => (&[WRONG, TRY], 0),
            Self::VerifyEmail => (&[SESSION, ALL, WRITE, TRY], 5),
            Self::VerifySignIn => (&[ALL, WRITE, TRY], 8),
            Self::VerifySignUp => (&[WRITE, TRY], 7),
        }
    }

    /// Somebody whose story it is, as often as it is told. Before a sign-up there is nobody.
    pub(crate) async fn begin(self, product: &Product) -> Option<Person> {
        if matches!(self, Self::CreateUser | Self::GuessAtSession | Self::VerifySignUp) {
            return None;
        }
        let (address, alias) = somebody();
        let person = product.sign_up(&address, &alias).await;
        if self == Self::PreferEmail || self == Self::VerifySignIn {
            product.add_email(&person, &second(&person)).await;
        }
        if self == Self::VerifySignIn {
            // Now he has as many sessions as he can have.
            product.sign_in(&person).await;
        }
        Some(person)
    }

    /// Lets everything happen that comes before the request.
    pub(crate) async fn prepare(self, product: &Product, person: Option<&Person>) -> Prepared {
        let Some(person) = person else { return self.prepare_sign_up(product).await };
        let mut person = person.clone();
        let by_him = |method, path| Ask::new(method, path).of(&person);
        let (mut about, mut proof) = (somebody().0, (String::new(), String::new()));
        let ask = match self {
            Self::CheckSession => by_him(Method::GET, "/session"),
            Self::ListEmails => by_him(Method::GET, "/emails"),
            Self::ListSessions => by_him(Method::GET, "/sessions"),
            Self::GetUser => Ask::new(Method::GET, "/user/id").id(&person.user_id),
            Self::CreateSession => Ask::new(Method::POST, "/session").body(json!({"email": person.address})),
            Self::ExtendSession => {
                about = end_of(product, &person).await;
                product.pass(Duration::from_secs(2));
                by_him(Method::PUT, "/session/extend")
            }
            Self::CloseSession => {
                person = product.sign_in(&person).await;
                Ask::new(Method::DELETE, "/session").of(&person).id(&person.session_id)
            }
            Self::CloseAnotherSession => {
                let other = product.sign_in(&person).await;
                about = other.bearer;
                by_him(Method::DELETE, "/session").id(&other.session_id)
            }
            Self::CreateEmail => by_him(Method::POST, "/email").body(json!({"address": about})),
            Self::ResendEmailCode => {
                product.ask_to_add(&person, &about).await.expect(202);
                by_him(Method::POST, "/email/verification").body(json!({"address": about}))
            }
            Self::VerifyEmail => {
                proof = product.email_code(&person, &about).await;
                proving("/email/verification", &proof.0, &proof.1).of(&person)
            }
            Self::GuessAtEmail => {
                proof = product.email_code(&person, &about).await;
                proving("/email/verification", &proof.0, &wrong(&proof.1))
            }
            Self::PreferEmail => {
                let other = &product.emails(&person).await[1];
                about = other["address"].as_str().expect("an address").to_owned();
                by_him(Method::PUT, "/email/preferred").body(json!({"emailID": other["emailID"]}))
            }
            Self::DeleteEmail => {
                let id = product.add_email(&person, &about).await;
                by_him(Method::DELETE, "/email").id(&id)
            }
            Self::VerifySignIn => {
                // Through the second address: the first one is told.
                let (requested, code) = product.sign_in_code(&second(&person)).await;
                about = requested.bearer;
                let ask = proving("/session/verification", &requested.id, &code);
                proof = (requested.id, code);
                ask
            }
            Self::CreateUser | Self::GuessAtSession | Self::VerifySignUp => unreachable!("a sign-up"),
        };
        Prepared { ask, person, about, proof }
    }

    async fn prepare_sign_up(self, product: &Product) -> Prepared {
        let (address, alias) = somebody();
        let (requested, code) = product.sign_up_code(&address, &alias).await;
        let ask = match self {
            // Once more, so that the reservation and the budget are there; later, so that they change.
            Self::CreateUser => {
                product.pass(Duration::from_secs(2));
                Ask::new(Method::POST, "/user").body(json!({"email": address, "fullName": "John Doe", "alias": alias}))
            }
            Self::VerifySignUp => proving("/session/verification", &requested.id, &code),
            _ => proving("/session/verification", &requested.id, &wrong(&code)),
        };
        let person = Person {
            address,
            alias,
            user_id: String::new(),
            session_id: requested.session_id,
            bearer: requested.bearer.clone(),
        };
        Prepared { ask, person, about: requested.bearer, proof: (requested.id, code) }
    }

    /// Sees to it that what was asked for is there for good, once it was answered so.
    pub(crate) async fn ends_well(self, product: &Product, prepared: &Prepared, last: &Answer) {
        let Prepared { person, about, proof, .. } = prepared;
        match self {
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
            Self::CreateEmail | Self::ResendEmailCode => {
                let code = product.newest_code(about).await;
                product.verify_email(&last.text("verificationCodeID"), &code).await.acknowledged();
                assert_eq!(verified(product, prepared).await, Some(true));
            }
            Self::VerifySignUp | Self::VerifySignIn => {
                assert_eq!(product.session(about).await.expect(200).text("alias"), person.alias);
            }
            Self::GuessAtSession => {
                product.session(about).await.refused(401, "bearer");
                product.verify_session(&proof.0, &proof.1).await.acknowledged();
                product.session(about).await.expect(200);
            }
            Self::GuessAtEmail => {
                assert_eq!(verified(product, prepared).await, Some(false));
                product.verify_email(&proof.0, &proof.1).await.acknowledged();
                assert_eq!(verified(product, prepared).await, Some(true));
            }
            Self::VerifyEmail => assert_eq!(verified(product, prepared).await, Some(true)),
            Self::PreferEmail => assert_eq!(product.emails(person).await[0]["address"], json!(about)),
            Self::DeleteEmail => assert_eq!(verified(product, prepared).await, None),
            Self::ExtendSession => assert_ne!(end_of(product, person).await, *about),
            Self::CloseSession => {
                product.session(&person.bearer).await.refused(401, "bearer");
            }
            Self::CloseAnotherSession => {
                product.session(about).await.refused(401, "bearer");
                product.session(&person.bearer).await.expect(200);
            }
        }
    }
}

fn proving(path: &'static str, id: &str, code: &str) -> Ask {
    Ask::new(Method::PUT, path).body(json!({"verificationCodeID": id, "code": code}))
}

/// The address and the alias of nobody yet.
fn somebody() -> (String, String) {
    let name = uuid::Uuid::new_v4().simple().to_string();
    (format!("{name}@doe.net"), name[..30].to_owned())
}

/// An address that somebody can have besides.
fn second(person: &Person) -> String {
    person.address.replace("doe.net", "work.example")
}

/// Whether somebody has the address that it is about, and whether it is verified.
async fn verified(product: &Product, of: &Prepared) -> Option<bool> {
    let emails = product.emails(&of.person).await;
    emails.iter().find(|email| email["address"] == *of.about)?["verified"].as_bool()
}

/// When somebody's session ends.
async fn end_of(product: &Product, person: &Person) -> String {
    product.session(&person.bearer).await.expect(200).body["expireAt"].to_string()
}
