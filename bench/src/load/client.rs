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

use crate::{Result, users::text};

/// The delay before the mailbox is polled for the first time. It grows with each poll, because
/// polling is also work for the stack.
const MIN_POLL_DELAY: Duration = Duration::from_millis(4);

/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// A connection that is kept alive until this is dropped.
pub(crate) struct Connection {
    host: String,
    sender: SendRequest<Body>,
    _task: JoinSet<()>,
}

impl Connection {
    pub(crate) async fn open(host: &str) -> Result<Self> {
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

    async fn send_json(&mut self, method: Method, path: &str, body: &Value) -> Result<Bytes> {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn check_session(&mut self, bearer: &str) -> Result<Bytes> {
        let headers = [("authorization", &*format!("Bearer {bearer}"))];
        self.send(Method::GET, "/api/auth/v2/session", &headers, String::new()).await
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

/// The work that is repeated in a run.
#[derive(Clone)]
pub(crate) enum Work {
    CheckSession { bearer: String },
    SignUp,
    GetItem { table: String },
    PutItem { table: String },
}

impl Work {
    pub(crate) fn uses_dynamodb(&self) -> bool {
        matches!(self, Self::GetItem { .. } | Self::PutItem { .. })
    }

    /// Performs the work once. `number` must be unique.
    pub(crate) async fn perform(&self, connection: &mut Connection, number: u64) -> Result<()> {
        match self {
            Self::CheckSession { bearer } => connection.check_session(bearer).await?,
            Self::SignUp => return sign_up(connection, number).await.map(drop),
            Self::GetItem { table } => {
                let key = json!({"pk": {"S": "BENCH#0"}, "sk": {"S": "BENCH"}});
                connection.dynamodb("GetItem", &json!({"TableName": table, "Key": key, "ConsistentRead": true})).await?
            }
            Self::PutItem { table } => {
                let item = json!({
                    "pk": {"S": format!("BENCH#{number}")}, "sk": {"S": "BENCH"},
                    "text": {"S": "as long as a small item: an ID, a hash, a name, and two timestamps"},
                });
                connection.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).await?
            }
        };
        Ok(())
    }
}

/// Signs a user up, from the request through the code in the mailbox to the first session check,
/// and returns the bearer token.
pub(crate) async fn sign_up(connection: &mut Connection, number: u64) -> Result<String> {
    let alias = format!("john{number:06}");
    let address = format!("{alias}@example.net");
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    let requested = connection.send_json(Method::POST, "/api/auth/v2/user", &body).await?;
    let requested: Value = serde_json::from_slice(&requested)?;
    let mut delay = MIN_POLL_DELAY;
    let code = loop {
        sleep(delay).await;
        delay = delay * 5 / 4;
        let mailbox = connection.send(Method::GET, &format!("/_aws/ses?email={address}"), &[], String::new()).await?;
        let mailbox: Value = serde_json::from_slice(&mailbox)?;
        if let Some(subject) = mailbox.pointer("/messages/0/Subject").and_then(Value::as_str) {
            break subject.split(' ').next().unwrap_or_default().to_owned();
        }
    };
    let body = json!({"verificationCodeID": text(&requested, "verificationCodeID")?, "code": code});
    connection.send_json(Method::PUT, "/api/auth/v2/session/verification", &body).await?;
    let bearer = text(&requested, "bearer")?;
    connection.check_session(&bearer).await?;
    Ok(bearer)
}
