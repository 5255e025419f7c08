//! A client who does one thing after the other, remembers what was acknowledged, and knows what he was about to do.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::{Contents, Product};

/// The connection broke: nobody knows what became of the request.
#[derive(Debug)]
pub(super) struct Lost;

/// What he does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    SignUp,
    ProveSignUp,
    AddEmail,
    ProveEmail,
    Prefer,
    SignIn,
    ProveSignIn,
    CloseFirstSession,
    DeleteFirstEmail,
}

const STEPS: [Step; 9] = [
    Step::SignUp,
    Step::ProveSignUp,
    Step::AddEmail,
    Step::ProveEmail,
    Step::Prefer,
    Step::SignIn,
    Step::ProveSignIn,
    Step::CloseFirstSession,
    Step::DeleteFirstEmail,
];

/// One client's.
#[derive(Debug)]
pub(super) struct Journey {
    name: String,
    /// How many steps were acknowledged.
    done: usize,
    /// Of the next step, whether it was asked for.
    asked: bool,
    /// The newest verification, and its code.
    proof: (String, String),
    /// Verifications whose codes were asked for, and acknowledged.
    codes: Vec<String>,
    /// Bearers, of the first session and the second, and the first one's ID.
    bearers: Vec<String>,
    session: String,
    /// IDs of the addresses.
    emails: Vec<String>,
}

impl Journey {
    pub(super) fn begin() -> Self {
        Self {
            name: uuid::Uuid::new_v4().simple().to_string()[..30].to_owned(),
            done: 0,
            asked: false,
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

    /// Goes on to the end, or until the connection breaks.
    pub(super) async fn travel(&mut self, api: &str, acknowledged: impl Fn()) -> Result<(), Lost> {
        let http = Client::new();
        while let Some(step) = STEPS.get(self.done) {
            match step {
                Step::ProveSignUp => self.proof.1 = self.code(&http, api, &self.first(), 1).await?,
                Step::ProveEmail => self.proof.1 = self.code(&http, api, &self.second(), 1).await?,
                Step::ProveSignIn => self.proof.1 = self.code(&http, api, &self.second(), 2).await?,
                Step::Prefer | Step::DeleteFirstEmail => self.look_up_emails(&http, api).await?,
                _ => {}
            }
            self.asked = true;
            let (status, body) = self.ask(&http, api).await?;
            assert_eq!(status, 202, "{step:?}: {body}");
            self.note(&body);
            acknowledged();
        }
        Ok(())
    }

    /// Of the codes that were mailed to an address, the one with that number.
    async fn code(&self, http: &Client, api: &str, address: &str, number: usize) -> Result<String, Lost> {
        let inbox = format!("{}/_aws/ses?email={address}", api.trim_end_matches("/api/auth/v2"));
        loop {
            let (_, body) = answer(http.get(&inbox)).await?;
            let messages = body["messages"].as_array().expect("messages");
            let subjects = messages.iter().map(|mail| mail["Subject"].as_str().expect("a subject"));
            let mut codes = subjects.filter_map(|subject| subject.split_once(" is your Latchkey code"));
            if let Some((code, _)) = codes.nth(number - 1) {
                return Ok(code.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn look_up_emails(&mut self, http: &Client, api: &str) -> Result<(), Lost> {
        let bearer = self.bearers.last().expect("a session");
        let (_, body) = answer(http.get(format!("{api}/emails")).bearer_auth(bearer)).await?;
        let id = |address: String| {
            let emails = body["emails"].as_array().expect("emails");
            let email = emails.iter().find(|email| email["address"] == address).expect("the address");
            email["emailID"].as_str().expect("an ID").to_owned()
        };
        self.emails = vec![id(self.first()), id(self.second())];
        Ok(())
    }

    /// Asks for the next step.
    async fn ask(&self, http: &Client, api: &str) -> Result<(u16, Value), Lost> {
        let proof = json!({"verificationCodeID": self.proof.0, "code": self.proof.1});
        let session = || format!("/session/{}", self.session);
        let (method, path, body) = match STEPS[self.done] {
            Step::SignUp => {
                let body = json!({"email": self.first(), "fullName": "John Doe", "alias": self.name});
                (Method::POST, "/user".to_owned(), body)
            }
            Step::AddEmail => (Method::POST, "/email".to_owned(), json!({"address": self.second()})),
            Step::SignIn => (Method::POST, "/session".to_owned(), json!({"email": self.second()})),
            Step::ProveSignUp | Step::ProveSignIn => (Method::PUT, "/session/verification".to_owned(), proof),
            Step::ProveEmail => (Method::PUT, "/email/verification".to_owned(), proof),
            Step::Prefer => (Method::PUT, "/email/preferred".to_owned(), json!({"emailID": self.emails[1]})),
            Step::CloseFirstSession => (Method::DELETE, session(), json!({})),
            Step::DeleteFirstEmail => (Method::DELETE, format!("/email/{}", self.emails[0]), json!({})),
        };
        let mut request = http.request(method, format!("{api}{path}")).json(&body);
        // A session that is not proved yet opens nothing, and who proves one sends no bearer.
        if matches!(STEPS[self.done], Step::AddEmail | Step::Prefer | Step::CloseFirstSession | Step::DeleteFirstEmail)
        {
            request = request.bearer_auth(self.bearers.last().expect("a session"));
        }
        answer(request).await
    }

    /// Remembers what was acknowledged.
    fn note(&mut self, body: &Value) {
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
        self.asked = false;
    }

    /// I14: whatever code was asked for and is not used has been mailed by now.
    pub(super) fn was_mailed_what_was_acknowledged(&self, items: &Contents) {
        for (number, id) in self.codes.iter().enumerate() {
            let item = items.item(&format!("CODE#{id} CODE"));
            let used = [Step::ProveSignUp, Step::ProveEmail, Step::ProveSignIn][number];
            let may_be_used = self.has_done(used) || STEPS.get(self.done) == Some(&used) && self.asked;
            assert!(item.is_some() || may_be_used, "a code that was acknowledged is gone: {self:?}");
            assert!(item.is_none_or(|item| item.has("mailedAt")), "a code that was never mailed: {item:?}");
        }
    }

    /// I12, I13: what was not answered is asked for again. Whether there was anything.
    pub(super) async fn try_again(&mut self, product: &Product) -> bool {
        if !self.asked {
            return false;
        }
        let api = format!("{}{}", product.stack.api_url(), crate::support::BASE);
        let (status, body) = self.ask(&Client::new(), &api).await.expect("an answer");
        let done_already = match STEPS[self.done] {
            Step::ProveSignUp | Step::ProveEmail | Step::ProveSignIn => 401,
            Step::CloseFirstSession | Step::DeleteFirstEmail => 404,
            _ => 202,
        };
        assert!([202, done_already].contains(&status), "{self:?}: {status} {body}");
        self.note(&body);
        true
    }

    /// I11: all that was acknowledged is there.
    pub(super) async fn is_remembered(&self, product: &Product) {
        let Some(bearer) = self.bearers.first() else { return };
        let first = if self.has_done(Step::CloseFirstSession) || !self.has_done(Step::ProveSignUp) { 401 } else { 200 };
        product.session(bearer).await.expect(first);
        if let Some(bearer) = self.bearers.get(1) {
            product.session(bearer).await.expect(if self.has_done(Step::ProveSignIn) { 200 } else { 401 });
        }
        let opens = self.bearers.get(usize::from(self.has_done(Step::ProveSignIn)));
        let Some(bearer) = opens.filter(|_| self.has_done(Step::ProveSignUp)) else { return };
        let answer = product.call_as(bearer, Method::GET, "/emails", None).await.expect(200);
        let emails = answer.body["emails"].as_array().expect("emails");
        let email = |address: String| emails.iter().find(|email| email["address"] == address);
        assert_eq!(email(self.first()).is_some(), !self.has_done(Step::DeleteFirstEmail), "{self:?}");
        let second = email(self.second());
        // It may have been added by a request that nobody answered.
        if self.has_done(Step::AddEmail) {
            let second = second.unwrap_or_else(|| panic!("an address is gone: {self:?}"));
            assert_eq!(second["verified"], self.has_done(Step::ProveEmail), "{self:?}");
            assert_eq!(second["preferred"], self.has_done(Step::Prefer), "{self:?}");
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Value), Lost> {
    let response = request.send().await.map_err(|_| Lost)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(|_| Lost)?;
    Ok((status, serde_json::from_str(&text).map_err(|_| Lost)?))
}
