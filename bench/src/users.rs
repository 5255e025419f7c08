//! Creates users of the product through its API, with the codes from its mailbox.

use std::collections::BTreeMap;

use local::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Result;

/// Rate limits and quotas that no run reaches. The requests of a source IP address are still
/// counted, as in a deployment.
const PARAMETERS: [(&str, &str); 6] = [
    ("EmailsPerUser", "50"),
    ("MailBurst", "100"),
    ("MailIntervalSeconds", "0"),
    ("MailsPerDay", "1000"),
    ("MailsPerSourceIpPerHour", "1000000"),
    ("SessionsPerUser", "1000"),
];

/// A running product, which starts without users.
pub(crate) struct Product {
    pub(crate) stack: Stack,
    http: reqwest::Client,
    identities: u32,
}

/// A user who is signed in.
#[derive(Clone)]
pub(crate) struct SignedInUser {
    pub(crate) address: String,
    pub(crate) bearer: String,
    pub(crate) session_id: String,
    pub(crate) user_id: String,
}

/// A code that was requested.
pub(crate) struct Code {
    pub(crate) id: String,
    pub(crate) digits: String,
}

impl Product {
    /// Starts the product. `variables` take precedence over the functions' environment.
    pub(crate) async fn start(variables: BTreeMap<String, String>) -> Result<Self> {
        let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let stack = Stack::start(Options { parameters, variables, ..Options::default() }).await?;
        Ok(Self { stack, http: reqwest::Client::new(), identities: 0 })
    }

    /// Returns an unused address and an unused alias.
    pub(crate) fn new_identity(&mut self) -> (String, String) {
        self.identities += 1;
        let alias = format!("john{:05}", self.identities);
        (format!("{alias}@example.net"), alias)
    }

    /// Signs up a new user and verifies the code.
    pub(crate) async fn sign_up(&mut self) -> Result<SignedInUser> {
        let (address, alias) = self.new_identity();
        let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
        let requested = self.call(Method::POST, "/user", "", Some(&body)).await?;
        let code = self.code(&address, &requested).await?;
        self.call(Method::PUT, "/session/verification", "", Some(&code.body())).await?;
        let bearer = text(&requested, "bearer")?;
        let session = self.call(Method::GET, "/session", &bearer, None).await?;
        let (session_id, user_id) = (text(&session, "sessionID")?, text(&session, "userID")?);
        Ok(SignedInUser { address, bearer, session_id, user_id })
    }

    /// Returns the code that was sent to an address. `requested` is the response with the code's
    /// ID.
    pub(crate) async fn code(&self, address: &str, requested: &Value) -> Result<Code> {
        self.stack.delivered().await;
        let emails = self.stack.mails();
        let email = emails.iter().rev().find(|email| email.to.iter().any(|to| to == address));
        let digits = email.and_then(|email| email.subject.split(' ').next()).ok_or("no email was sent")?;
        Ok(Code { id: text(requested, "verificationCodeID")?, digits: digits.to_owned() })
    }

    /// Adds an unverified address to a user's account. Returns the address and the response.
    pub(crate) async fn add_address(&mut self, user: &SignedInUser) -> Result<(String, Value)> {
        let (address, _) = self.new_identity();
        let requested = self.call(Method::POST, "/email", &user.bearer, Some(&json!({"address": address}))).await?;
        Ok((address, requested))
    }

    /// Adds an address to a user's account and verifies it. Returns the address's ID.
    pub(crate) async fn add_verified_address(&mut self, user: &SignedInUser) -> Result<String> {
        let (address, requested) = self.add_address(user).await?;
        let code = self.code(&address, &requested).await?;
        self.call(Method::PUT, "/email/verification", &user.bearer, Some(&code.body())).await?;
        let emails = self.call(Method::GET, "/emails", &user.bearer, None).await?;
        let emails = emails.get("emails").and_then(Value::as_array).ok_or("no emails")?;
        let email = emails.iter().find(|email| email.get("address").is_some_and(|other| *other == address));
        text(email.ok_or("the address is not there")?, "emailID")
    }

    /// Sends a request and returns the response's JSON. A status other than 2xx is an error.
    ///
    /// `path` is relative to the API's base path. An empty `bearer` means no authorization.
    pub(crate) async fn call(&self, method: Method, path: &str, bearer: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}/api/auth/v2{path}", self.stack.api_url()));
        if !bearer.is_empty() {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, body) = (response.status(), response.text().await?);
        if status.is_success() { Ok(serde_json::from_str(&body)?) } else { Err(format!("{path}: {body}").into()) }
    }

    /// Returns an item of the table in DynamoDB's JSON.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Result<Value> {
        let table =
            self.stack.environment(registry::MEASURED_IN_CI[0]).and_then(|variables| variables.get("TABLE_NAME"));
        let get = json!({"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        // The signature is required, but it is not checked.
        let headers = [
            ("authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none"),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20260302T093000Z"),
            ("x-amz-target", "DynamoDB_20120810.GetItem"),
        ];
        let request = self.http.post(self.stack.dynamodb_url()).body(get.to_string());
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await?.text().await?;
        let item = serde_json::from_str::<Value>(&response)?.get("Item").cloned();
        item.ok_or_else(|| format!("{pk}, {sk}: {response}").into())
    }
}

impl Code {
    /// Returns the body of a request that verifies the code.
    pub(crate) fn body(&self) -> Value {
        json!({"verificationCodeID": self.id, "code": self.digits})
    }
}

/// Returns a string member of a response.
pub(crate) fn text(response: &Value, member: &str) -> Result<String> {
    let value = response.get(member).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("no {member} in {response}").into())
}
