//! A client that takes one step after the other, and remembers the acknowledged steps and the
//! pending one.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::{Contents, Product};

/// The connection broke, so the outcome of the request is unknown.
#[derive(Debug)]
pub(super) struct Lost;

/// The steps of a journey, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    SignUp,
    VerifySignUp,
    AddEmail,
    VerifyEmail,
    Prefer,
    SignIn,
    VerifySignIn,
    CloseFirstSession,
    DeleteFirstEmail,
}

const STEPS: [Step; 9] = [
    Step::SignUp,
    Step::VerifySignUp,
    Step::AddEmail,
    Step::VerifyEmail,
    Step::Prefer,
    Step::SignIn,
    Step::VerifySignIn,
    Step::CloseFirstSession,
    Step::DeleteFirstEmail,
];

/// The state of one client.
#[derive(Debug)]
pub(super) struct Journey {
    name: String,
    /// The number of acknowledged steps.
    done: usize,
    /// Whether the next step was requested.
    requested: bool,
    /// The ID of the newest verification, and its code.
    proof: (String, String),
    /// The IDs of the verifications whose requests were acknowledged.
    codes: Vec<String>,
    /// The bearer tokens of the first and the second session.
    bearers: Vec<String>,
    /// The ID of the first session.
    session: String,
    /// The IDs of the addresses.
    emails: Vec<String>,
}

impl Journey {
    pub(super) fn begin() -> Self {
        Self {
            name: uuid::Uuid::new_v4().simple().to_string()[..30].to_owned(),
            done: 0,
            requested: false,
            proof: (String::new(), String::new()),
            codes: Vec::new(),
            bearers: Vec::new(),
            session: String::new(),
            emails: Vec::new(),
        }
    }

    fn first(&self) -> String {
        format!("{}@doe.net", self.name)
    }

    fn second(&self) -> String {
        format!("{}@work.example", self.name)
    }

    fn has_done(&self, step: Step) -> bool {
        STEPS[..self.done].contains(&step)
    }

    /// Takes the remaining steps, until the end or until the connection breaks.
    pub(super) async fn run(&mut self, api: &str, acknowledged: impl Fn()) -> Result<(), Lost> {
        let http = Client::new();
        while let Some(step) = STEPS.get(self.done) {
            match step {
                Step::VerifySignUp => self.proof.1 = self.code(&http, api, &self.first(), 1).await?,
                Step::VerifyEmail => self.proof.1 = self.code(&http, api, &self.second(), 1).await?,
                Step::VerifySignIn => self.proof.1 = self.code(&http, api, &self.second(), 2).await?,
                Step::Prefer | Step::DeleteFirstEmail => self.look_up_emails(&http, api).await?,
                _ => {}
            }
            self.requested = true;
            let (status, body) = self.request_step(&http, api).await?;
            assert_eq!(status, 202, "{step:?}: {body}");
            self.record(&body);
            acknowledged();
        }
        Ok(())
    }

    /// Waits for the code with this number among those sent to an address.
    async fn code(&self, http: &Client, api: &str, address: &str, number: usize) -> Result<String, Lost> {
        let inbox = format!("{}/_aws/ses?email={address}", api.trim_end_matches("/api/auth/v2"));
        loop {
            let (_, body) = send(http.get(&inbox)).await?;
            let messages = body["messages"].as_array().expect("messages");
            let subjects = messages.iter().map(|email| email["Subject"].as_str().expect("a subject"));
            let mut codes = subjects.filter_map(|subject| subject.split_once(" is your Latchkey code"));
            if let Some((code, _)) = codes.nth(number - 1) {
                return Ok(code.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn look_up_emails(&mut self, http: &Client, api: &str) -> Result<(), Lost> {
        let bearer = self.bearers.last().expect("a session");
        let (_, body) = send(http.get(format!("{api}/emails")).bearer_auth(bearer)).await?;
        let id = |address: String| {
            let emails = body["emails"].as_array().expect("emails");
            let email = emails.iter().find(|email| email["address"] == address).expect("the address");
            email["emailID"].as_str().expect("an ID").to_owned()
        };
        self.emails = vec![id(self.first()), id(self.second())];
        Ok(())
    }

    /// Requests the next step.
    async fn request_step(&self, http: &Client, api: &str) -> Result<(u16, Value), Lost> {
        let proof = json!({"verificationCodeID": self.proof.0, "code": self.proof.1});
        let session = || format!("/session/{}", self.session);
        let (method, path, body) = match STEPS[self.done] {
            Step::SignUp => {
                let body = json!({"email": self.first(), "fullName": "John Doe", "alias": self.name});
                (Method::POST, "/user".to_owned(), body)
            }
            Step::AddEmail => (Method::POST, "/email".to_owned(), json!({"address": self.second()})),
            Step::SignIn => (Method::POST, "/session".to_owned(), json!({"email": self.second()})),
            Step::VerifySignUp | Step::VerifySignIn => (Method::PUT, "/session/verification".to_owned(), proof),
            Step::VerifyEmail => (Method::PUT, "/email/verification".to_owned(), proof),
            Step::Prefer => (Method::PUT, "/email/preferred".to_owned(), json!({"emailID": self.emails[1]})),
            Step::CloseFirstSession => (Method::DELETE, session(), json!({})),
            Step::DeleteFirstEmail => (Method::DELETE, format!("/email/{}", self.emails[0]), json!({})),
        };
        let mut request = http.request(method, format!("{api}{path}")).json(&body);
        // A pending session authenticates nothing, and verifying its code needs no bearer token.
        if matches!(STEPS[self.done], Step::AddEmail | Step::Prefer | Step::CloseFirstSession | Step::DeleteFirstEmail)
        {
            request = request.bearer_auth(self.bearers.last().expect("a session"));
        }
        send(request).await
    }

    /// Records an acknowledged step.
    fn record(&mut self, body: &Value) {
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        match STEPS[self.done] {
            step @ (Step::SignUp | Step::SignIn) => {
                self.proof.0 = text("verificationCodeID");
                self.codes.push(text("verificationCodeID"));
                self.bearers.push(text("bearer"));
                if step == Step::SignUp {
                    self.session = text("sessionID");
                }
            }
            Step::AddEmail => {
                self.proof.0 = text("verificationCodeID");
                self.codes.push(text("verificationCodeID"));
            }
            _ => {}
        }
        self.done += 1;
        self.requested = false;
    }

    /// Checks that every requested code was sent, unless it is already used.
    pub(super) fn assert_codes_were_sent(&self, items: &Contents) {
        for (number, id) in self.codes.iter().enumerate() {
            let item = items.item(&format!("CODE#{id} CODE"));
            let used = [Step::VerifySignUp, Step::VerifyEmail, Step::VerifySignIn][number];
            let may_be_used = self.has_done(used) || STEPS.get(self.done) == Some(&used) && self.requested;
            assert!(item.is_some() || may_be_used, "an acknowledged code is gone: {self:?}");
            assert!(item.is_none_or(|item| item.has("mailedAt")), "a code was never sent: {item:?}");
        }
    }

    /// Repeats a request that got no response, and returns whether there was one.
    pub(super) async fn retry(&mut self, product: &Product) -> bool {
        if !self.requested {
            return false;
        }
        let api = format!("{}{}", product.stack.api_url(), crate::support::BASE);
        let (status, body) = self.request_step(&Client::new(), &api).await.expect("a response");
        let repeated_status = match STEPS[self.done] {
            Step::VerifySignUp | Step::VerifyEmail | Step::VerifySignIn => 401,
            Step::CloseFirstSession | Step::DeleteFirstEmail => 404,
            _ => 202,
        };
        assert!([202, repeated_status].contains(&status), "{self:?}: {status} {body}");
        self.record(&body);
        true
    }

    /// Checks that the effects of all acknowledged steps are stored.
    pub(super) async fn assert_is_stored(&self, product: &Product) {
        let Some(bearer) = self.bearers.first() else { return };
        let first =
            if self.has_done(Step::CloseFirstSession) || !self.has_done(Step::VerifySignUp) { 401 } else { 200 };
        product.session(bearer).await.expect(first);
        if let Some(bearer) = self.bearers.get(1) {
            product.session(bearer).await.expect(if self.has_done(Step::VerifySignIn) { 200 } else { 401 });
        }
        let active = self.bearers.get(usize::from(self.has_done(Step::VerifySignIn)));
        let Some(bearer) = active.filter(|_| self.has_done(Step::VerifySignUp)) else { return };
        let response = product.call_as(bearer, Method::GET, "/emails", None).await.expect(200);
        let emails = response.body["emails"].as_array().expect("emails");
        let email = |address: String| emails.iter().find(|email| email["address"] == address);
        assert_eq!(email(self.first()).is_some(), !self.has_done(Step::DeleteFirstEmail), "{self:?}");
        let second = email(self.second());
        // A request without a response may have added the address.
        if self.has_done(Step::AddEmail) {
            let second = second.unwrap_or_else(|| panic!("an address is gone: {self:?}"));
            assert_eq!(second["verified"], self.has_done(Step::VerifyEmail), "{self:?}");
            assert_eq!(second["preferred"], self.has_done(Step::Prefer), "{self:?}");
        }
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(u16, Value), Lost> {
    let response = request.send().await.map_err(|_| Lost)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(|_| Lost)?;
    Ok((status, serde_json::from_str(&text).map_err(|_| Lost)?))
}
