//! A client of the stack, which sends one request after another on its own connection.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::{
    Method, Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet, time::sleep};

use crate::Result;

/// The delay before the mailbox is polled for the first time. It grows with each poll, because
/// polling is also work for the stack.
const MIN_POLL_DELAY: Duration = Duration::from_millis(4);

/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// A user who is signed in.
pub(crate) struct SignedInUser {
    pub(crate) bearer: String,
    pub(crate) session_id: String,
    pub(crate) user_id: String,
}

/// Returns the address and the alias of the user with this number.
pub(crate) fn identity(number: u64) -> (String, String) {
    let alias = format!("john{number:06}");
    (format!("{alias}@example.net"), alias)
}

/// Returns the body of a request to sign up.
pub(crate) fn sign_up_body(number: u64) -> Value {
    let (address, alias) = identity(number);
    json!({"email": address, "fullName": "John Doe", "alias": alias})
}

/// A connection that is kept alive until this is dropped.
pub(crate) struct Connection {
    host: String,
    sender: SendRequest<Body>,
    _task: JoinSet<()>,
}

impl Connection {
    /// Connects to a host and port, or to a URL without a path.
    pub(crate) async fn open(host: &str) -> Result<Self> {
        let host = host.trim_start_matches("http://");
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            // The request that waits for a response gets the error as well.
            let _ = connection.await;
        });
        Ok(Self { host: host.to_owned(), sender, _task: task })
    }

    /// Sends a request and returns the response's body. A status other than 2xx is an error.
    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Bytes> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Body::from(body))?).await?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), MAX_RESPONSE_BYTES).await?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into())
        }
    }

    async fn call(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Value> {
        let response = self.send(method, &format!("/api/auth/v2{path}"), headers, body).await?;
        Ok(serde_json::from_slice(&response)?)
    }

    /// Reads from the API. A status other than 2xx is an error.
    pub(crate) async fn get(&mut self, path: &str, bearer: &str) -> Result<Value> {
        self.call(Method::GET, path, &[("authorization", &format!("Bearer {bearer}"))], String::new()).await
    }

    /// Sends JSON to the API. An empty `bearer` means no authorization.
    pub(crate) async fn send_json(&mut self, method: Method, path: &str, bearer: &str, body: &Value) -> Result<Value> {
        let authorization = ("authorization", &*format!("Bearer {bearer}"));
        let json = ("content-type", "application/json");
        let headers = if bearer.is_empty() { vec![json] } else { vec![json, authorization] };
        self.call(method, path, &headers, body.to_string()).await
    }

    /// Signs a user up, from the request through the code in the mailbox to the first session
    /// check. `number` must be unique.
    pub(crate) async fn sign_up(&mut self, number: u64) -> Result<SignedInUser> {
        let (address, _) = identity(number);
        let requested = self.send_json(Method::POST, "/user", "", &sign_up_body(number)).await?;
        let code = self.code(&address, 0, &requested).await?;
        self.send_json(Method::PUT, "/session/verification", "", &code).await?;
        let bearer = text(&requested, "bearer")?;
        let session = self.get("/session", &bearer).await?;
        Ok(SignedInUser { bearer, session_id: text(&session, "sessionID")?, user_id: text(&session, "userID")? })
    }

    /// Waits for the email at this index among those to an address. Returns the body of a request
    /// that verifies the code in it; `requested` is the response with the code's ID.
    pub(crate) async fn code(&mut self, address: &str, index: usize, requested: &Value) -> Result<Value> {
        let id = text(requested, "verificationCodeID")?;
        let mut delay = MIN_POLL_DELAY;
        loop {
            sleep(delay).await;
            delay = delay * 5 / 4;
            let mailbox = self.send(Method::GET, &format!("/_aws/ses?email={address}"), &[], String::new()).await?;
            let mailbox: Value = serde_json::from_slice(&mailbox)?;
            let subject = mailbox.pointer(&format!("/messages/{index}/Subject")).and_then(Value::as_str);
            if let Some((code, _)) = subject.and_then(|subject| subject.split_once(' ')) {
                return Ok(json!({"verificationCodeID": id, "code": code}));
            }
        }
    }

    /// Adds an address to a user's account, and returns the response with the code's ID.
    pub(crate) async fn add_address(&mut self, user: &SignedInUser, address: &str) -> Result<Value> {
        self.send_json(Method::POST, "/email", &user.bearer, &json!({"address": address})).await
    }

    /// Creates a key pair, and returns the response with the code's ID.
    pub(crate) async fn add_key_pair(&mut self, user: &SignedInUser) -> Result<Value> {
        self.send_json(Method::POST, "/keypair", &user.bearer, &json!({"name": "Reports", "days": 90})).await
    }

    /// Adds an address to a user's account and verifies it. Returns the address's ID.
    pub(crate) async fn add_verified_address(&mut self, user: &SignedInUser, address: &str) -> Result<String> {
        let requested = self.add_address(user, address).await?;
        let code = self.code(address, 0, &requested).await?;
        self.send_json(Method::PUT, "/email/verification", &user.bearer, &code).await?;
        let emails = self.get("/emails", &user.bearer).await?;
        let emails = emails.get("emails").and_then(Value::as_array).ok_or("no emails")?;
        let email = emails.iter().find(|email| email.get("address").is_some_and(|other| *other == address));
        text(email.ok_or("the address is not there")?, "emailID")
    }

    /// Calls an action of DynamoDB. The signature is required, but it is not checked.
    pub(crate) async fn dynamodb(&mut self, action: &str, body: &Value) -> Result<Bytes> {
        let headers = [
            ("authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none"),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20260302T093000Z"),
            ("x-amz-target", &*format!("DynamoDB_20120810.{action}")),
        ];
        self.send(Method::POST, "/", &headers, body.to_string()).await
    }
}

/// Returns a string member of a response.
pub(crate) fn text(response: &Value, member: &str) -> Result<String> {
    let value = response.get(member).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("no {member} in {response}").into())
}
