//! People who use the product, so that there is something to measure: through its API, with the codes of its mailbox.

use std::collections::BTreeMap;

use local::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Result;

/// Limits that nobody meets. A source is still counted, as it is when deployed.
const PARAMETERS: [(&str, &str); 6] = [
    ("EmailsPerUser", "50"),
    ("MailBurst", "100"),
    ("MailIntervalSeconds", "0"),
    ("MailsPerDay", "1000"),
    ("MailsPerSourceIpPerHour", "1000000"),
    ("SessionsPerUser", "1000"),
];

/// The product, without anybody in it.
pub(crate) struct Product {
    pub(crate) stack: Stack,
    http: reqwest::Client,
    people: u32,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) address: String,
    pub(crate) bearer: String,
    pub(crate) session_id: String,
    pub(crate) user_id: String,
}

/// A code that was asked for.
pub(crate) struct Code {
    pub(crate) id: String,
    pub(crate) digits: String,
}

impl Product {
    /// `variables` win over every function's own.
    pub(crate) async fn start(variables: BTreeMap<String, String>) -> Result<Self> {
        let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let stack = Stack::start(Options { parameters, variables, ..Options::default() }).await?;
        Ok(Self { stack, http: reqwest::Client::new(), people: 0 })
    }

    /// An address and an alias that nobody had yet.
    pub(crate) fn somebody(&mut self) -> (String, String) {
        self.people += 1;
        let alias = format!("john{:05}", self.people);
        (format!("{alias}@example.net"), alias)
    }

    /// Signs somebody up, code and all.
    pub(crate) async fn sign_up(&mut self) -> Result<Person> {
        let (address, alias) = self.somebody();
        let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
        let asked = self.call(Method::POST, "/user", "", Some(&body)).await?;
        let code = self.code(&address, &asked).await?;
        self.call(Method::PUT, "/session/verification", "", Some(&code.body())).await?;
        let bearer = text(&asked, "bearer")?;
        let session = self.call(Method::GET, "/session", &bearer, None).await?;
        let (session_id, user_id) = (text(&session, "sessionID")?, text(&session, "userID")?);
        Ok(Person { address, bearer, session_id, user_id })
    }

    /// The code that was mailed for an answer which holds its ID.
    pub(crate) async fn code(&self, address: &str, asked: &Value) -> Result<Code> {
        self.stack.delivered().await;
        let mails = self.stack.mails();
        let mail = mails.iter().rev().find(|mail| mail.to.iter().any(|to| to == address));
        let digits = mail.and_then(|mail| mail.subject.split(' ').next()).ok_or("no mail came")?;
        Ok(Code { id: text(asked, "verificationCodeID")?, digits: digits.to_owned() })
    }

    /// Adds an address to somebody's account, unverified. The address, and what was answered.
    pub(crate) async fn add_address(&mut self, person: &Person) -> Result<(String, Value)> {
        let (address, _) = self.somebody();
        let asked = self.call(Method::POST, "/email", &person.bearer, Some(&json!({"address": address}))).await?;
        Ok((address, asked))
    }

    /// Adds an address and proves it. Its ID.
    pub(crate) async fn add_proved_address(&mut self, person: &Person) -> Result<String> {
        let (address, asked) = self.add_address(person).await?;
        let code = self.code(&address, &asked).await?;
        self.call(Method::PUT, "/email/verification", &person.bearer, Some(&code.body())).await?;
        let emails = self.call(Method::GET, "/emails", &person.bearer, None).await?;
        let emails = emails.get("emails").and_then(Value::as_array).ok_or("no emails")?;
        let email = emails.iter().find(|email| email.get("address").is_some_and(|other| *other == address));
        text(email.ok_or("the address is not there")?, "emailID")
    }

    /// A request, which must succeed. `path` begins behind the API's own; without a bearer, it is empty.
    pub(crate) async fn call(&self, method: Method, path: &str, bearer: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}/api/auth/v2{path}", self.stack.api_url()));
        if !bearer.is_empty() {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        if status.is_success() { Ok(serde_json::from_str(&body)?) } else { Err(format!("{path}: {body}").into()) }
    }

    /// An item of the table, as DynamoDB has it.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Result<Value> {
        let table = self.stack.environment("check-session").and_then(|variables| variables.get("TABLE_NAME"));
        let get = json!({"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        // A signature is not looked at, but must be there.
        let headers = [
            ("authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none"),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20260302T093000Z"),
            ("x-amz-target", "DynamoDB_20120810.GetItem"),
        ];
        let request = self.http.post(self.stack.dynamodb_url()).body(get.to_string());
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send().await?.text().await?;
        let item = serde_json::from_str::<Value>(&answer)?.get("Item").cloned();
        item.ok_or_else(|| format!("{pk}, {sk}: {answer}").into())
    }
}

impl Code {
    /// What proves it.
    pub(crate) fn body(&self) -> Value {
        json!({"verificationCodeID": self.id, "code": self.digits})
    }
}

/// A field of an answer.
pub(crate) fn text(answer: &Value, field: &str) -> Result<String> {
    let value = answer.get(field).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("no {field} in {answer}").into())
}
