//! Somebody who uses the stack: a connection of his own, and one request after another.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::{
    Method, Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet, time::sleep};

use crate::{Result, people::text};

/// How soon somebody looks into his mailbox. Then he waits a bit longer each time, since looking is work for the stack, too.
const FIRST_LOOK: Duration = Duration::from_millis(4);

/// No answer is larger.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Kept alive until it is dropped.
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
            // Whoever waits for the answer gets the error.
            let _ = connection.await;
        });
        Ok(Self { host: host.to_owned(), sender, _task: task })
    }

    /// An answer other than 2xx is an error.
    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Bytes> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Body::from(body))?).await?;
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES).await?;
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

    /// One of DynamoDB's actions. A signature is not looked at, but must be there.
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

/// What is done again and again.
#[derive(Clone)]
pub(crate) enum Work {
    CheckSession { bearer: String },
    SignUp,
    GetItem { table: String },
    PutItem { table: String },
}

impl Work {
    pub(crate) fn is_dynamodb_s(&self) -> bool {
        matches!(self, Self::GetItem { .. } | Self::PutItem { .. })
    }

    /// Once. The number was never there before.
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
                    "text": {"S": "as long as a small item is: an ID, a hash, a name, and two times"},
                });
                connection.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).await?
            }
        };
        Ok(())
    }
}

/// From the form to the first session check, by way of the mailbox. The bearer.
pub(crate) async fn sign_up(connection: &mut Connection, number: u64) -> Result<String> {
    let alias = format!("john{number:06}");
    let address = format!("{alias}@example.net");
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    let asked = connection.send_json(Method::POST, "/api/auth/v2/user", &body).await?;
    let asked: Value = serde_json::from_slice(&asked)?;
    let mut pause = FIRST_LOOK;
    let code = loop {
        sleep(pause).await;
        pause = pause * 5 / 4;
        let mailbox = connection.send(Method::GET, &format!("/_aws/ses?email={address}"), &[], String::new()).await?;
        let mailbox: Value = serde_json::from_slice(&mailbox)?;
        if let Some(subject) = mailbox.pointer("/messages/0/Subject").and_then(Value::as_str) {
            break subject.split(' ').next().unwrap_or_default().to_owned();
        }
    };
    let body = json!({"verificationCodeID": text(&asked, "verificationCodeID")?, "code": code});
    connection.send_json(Method::PUT, "/api/auth/v2/session/verification", &body).await?;
    let bearer = text(&asked, "bearer")?;
    connection.check_session(&bearer).await?;
    Ok(bearer)
}
