//! The users of the product, and their requests.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Product};

/// A user who has signed up, with an active session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) address: String,
    pub(crate) alias: String,
    pub(crate) user_id: String,
    pub(crate) session_id: String,
    pub(crate) bearer: String,
}

/// A code that was requested, with its session if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Requested {
    pub(crate) id: String,
    pub(crate) bearer: String,
    pub(crate) session_id: String,
}

impl Requested {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self {
            id: answer.text("verificationCodeID"),
            bearer: answer.body["bearer"].as_str().unwrap_or_default().to_owned(),
            session_id: answer.body["sessionID"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

impl Product {
    /// Requests a code for a sign-up.
    pub(crate) async fn ask_to_sign_up(&self, address: &str, alias: &str) -> Answer {
        let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
        self.call(Method::POST, "/user", body).await
    }

    /// Requests a code for a sign-in.
    pub(crate) async fn ask_to_sign_in(&self, address: &str) -> Answer {
        self.call(Method::POST, "/session", json!({"email": address})).await
    }

    /// Submits a code of a sign-up or sign-in.
    pub(crate) async fn verify_session(&self, id: &str, code: &str) -> Answer {
        let body = json!({"verificationCodeID": id, "code": code});
        self.call(Method::PUT, "/session/verification", body).await
    }

    /// Signs a user up, and verifies the code.
    pub(crate) async fn sign_up(&self, address: &str, alias: &str) -> Person {
        let requested = Requested::of(&self.ask_to_sign_up(address, alias).await.expect(202));
        let code = self.newest_code(address).await;
        self.verify_session(&requested.id, &code).await.acknowledged();
        self.person(address, alias, &requested).await
    }

    /// Signs a user in, and verifies the code.
    pub(crate) async fn sign_in(&self, person: &Person) -> Person {
        self.sign_in_through(person, &person.address).await
    }

    /// Signs a user in through one of their addresses.
    pub(crate) async fn sign_in_through(&self, person: &Person, address: &str) -> Person {
        let requested = Requested::of(&self.ask_to_sign_in(address).await.expect(202));
        let code = self.newest_code(address).await;
        self.verify_session(&requested.id, &code).await.acknowledged();
        self.person(&person.address, &person.alias, &requested).await
    }

    /// Signs in a user of whom only the address and the alias are known.
    pub(crate) async fn sign_in_of(&self, address: &str, alias: &str) -> Person {
        let requested = Requested::of(&self.ask_to_sign_in(address).await.expect(202));
        let code = self.newest_code(address).await;
        self.verify_session(&requested.id, &code).await.acknowledged();
        self.person(address, alias, &requested).await
    }

    async fn person(&self, address: &str, alias: &str, requested: &Requested) -> Person {
        let session = self.session(&requested.bearer).await.expect(200);
        Person {
            address: address.to_owned(),
            alias: alias.to_owned(),
            user_id: session.text("userID"),
            session_id: requested.session_id.clone(),
            bearer: requested.bearer.clone(),
        }
    }

    /// Requests the session of a bearer token.
    pub(crate) async fn session(&self, bearer: &str) -> Answer {
        self.call_as(bearer, Method::GET, "/session", None).await
    }

    /// Adds an address to a user's account, without verifying it.
    pub(crate) async fn ask_to_add(&self, person: &Person, address: &str) -> Answer {
        self.call_as(&person.bearer, Method::POST, "/email", Some(json!({"address": address}))).await
    }

    /// Submits the code of an address, without a bearer token.
    pub(crate) async fn verify_email(&self, id: &str, code: &str) -> Answer {
        let body = json!({"verificationCodeID": id, "code": code});
        self.call(Method::PUT, "/email/verification", body).await
    }

    /// Adds an address, verifies it and returns its ID.
    pub(crate) async fn add_email(&self, person: &Person, address: &str) -> String {
        let id = self.ask_to_add(person, address).await.expect(202).text("verificationCodeID");
        let code = self.newest_code(address).await;
        self.verify_email(&id, &code).await.acknowledged();
        self.email_id(person, address).await
    }

    /// Returns the `emails` of a user.
    pub(crate) async fn emails(&self, person: &Person) -> Vec<Value> {
        let answer = self.call_as(&person.bearer, Method::GET, "/emails", None).await.expect(200);
        answer.body["emails"].as_array().expect("emails").clone()
    }

    /// Returns the ID of one of a user's addresses.
    pub(crate) async fn email_id(&self, person: &Person, address: &str) -> String {
        let emails = self.emails(person).await;
        let email = emails.iter().find(|email| email["address"] == address).expect("the address");
        email["emailID"].as_str().expect("an ID").to_owned()
    }

    /// Makes an address of a user the preferred one.
    pub(crate) async fn prefer(&self, person: &Person, email_id: &str) -> Answer {
        let body = json!({"emailID": email_id});
        self.call_as(&person.bearer, Method::PUT, "/email/preferred", Some(body)).await
    }

    /// Deletes an address of a user.
    pub(crate) async fn delete_email(&self, person: &Person, email_id: &str) -> Answer {
        self.call_as(&person.bearer, Method::DELETE, &format!("/email/{email_id}"), None).await
    }

    /// Requests a code that makes the session of a bearer token fresh.
    pub(crate) async fn ask_to_reauthenticate(&self, bearer: &str) -> Answer {
        self.call_as(bearer, Method::POST, "/session/reauthentication", None).await
    }

    /// Makes the session of a user fresh. `preferred` is the address that gets the code.
    pub(crate) async fn reauthenticate(&self, person: &Person, preferred: &str) {
        let id = self.ask_to_reauthenticate(&person.bearer).await.expect(202).text("verificationCodeID");
        let code = self.newest_code(preferred).await;
        self.verify_session(&id, &code).await.acknowledged();
    }

    /// Closes a session of a user.
    pub(crate) async fn close(&self, person: &Person, session_id: &str) -> Answer {
        self.call_as(&person.bearer, Method::DELETE, &format!("/session/{session_id}"), None).await
    }

    /// Requests a code for a sign-up, and returns it from the email.
    pub(crate) async fn sign_up_code(&self, address: &str, alias: &str) -> (Requested, String) {
        let requested = Requested::of(&self.ask_to_sign_up(address, alias).await.expect(202));
        (requested, self.newest_code(address).await)
    }

    /// Requests a code for a sign-in, and returns it from the email.
    pub(crate) async fn sign_in_code(&self, address: &str) -> (Requested, String) {
        let requested = Requested::of(&self.ask_to_sign_in(address).await.expect(202));
        (requested, self.newest_code(address).await)
    }

    /// Adds an address to a user's account. Returns the verification's ID and the code in the
    /// email.
    pub(crate) async fn email_code(&self, person: &Person, address: &str) -> (String, String) {
        let id = self.ask_to_add(person, address).await.expect(202).text("verificationCodeID");
        (id, self.newest_code(address).await)
    }

    /// Requests a new code for an unverified address of a user.
    pub(crate) async fn ask_again(&self, person: &Person, address: &str) -> Answer {
        let body = json!({"address": address});
        self.call_as(&person.bearer, Method::POST, "/email/verification", Some(body)).await
    }

    /// Submits the code of an address, with a bearer token.
    pub(crate) async fn verify_email_as(&self, bearer: &str, id: &str, code: &str) -> Answer {
        let body = json!({"verificationCodeID": id, "code": code});
        self.call_as(bearer, Method::PUT, "/email/verification", Some(body)).await
    }

    /// Extends the session of a bearer token.
    pub(crate) async fn extend(&self, bearer: &str) -> Answer {
        self.call_as(bearer, Method::PUT, "/session/extend", None).await
    }

    /// Returns the `sessions` of a user.
    pub(crate) async fn sessions(&self, person: &Person) -> Vec<Value> {
        let answer = self.call_as(&person.bearer, Method::GET, "/sessions", None).await.expect(200);
        answer.body["sessions"].as_array().expect("sessions").clone()
    }

    /// Closes the sessions of a user. `query` is `""` or begins with `?`.
    pub(crate) async fn close_all(&self, person: &Person, query: &str) -> Answer {
        self.call_as(&person.bearer, Method::DELETE, &format!("/sessions{query}"), None).await
    }

    /// Returns everything that is stored about a user.
    pub(crate) async fn account(&self, person: &Person) -> Value {
        self.call_as(&person.bearer, Method::GET, "/user", None).await.expect(200).body
    }

    /// Changes the profile of a user.
    pub(crate) async fn update_user(&self, person: &Person, profile: Value) -> Answer {
        self.call_as(&person.bearer, Method::PUT, "/user", Some(profile)).await
    }

    /// Deletes the account of a user.
    pub(crate) async fn delete_user(&self, person: &Person) -> Answer {
        self.call_as(&person.bearer, Method::DELETE, "/user", None).await
    }

    /// Requests the public profile of a user.
    pub(crate) async fn user(&self, id: &str) -> Answer {
        self.send(self.request(Method::GET, &format!("/user/id/{id}"))).await
    }
}
