//! Responses: JSON with the headers that every response has, or a problem (RFC 9457).

use std::net::IpAddr;

use lambda_http::{
    Body,
    aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    domain::{id::UserId, request_context::ClientInfo},
    edge::event::Payload,
    error::{Error, FieldError},
};

/// The response to a write that has nothing to return: `{"message":"acknowledged"}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Acknowledged {
    message: &'static str,
    #[serde(skip)]
    user: Option<UserId>,
}

impl Acknowledged {
    /// Creates the response.
    #[must_use]
    pub fn new() -> Self {
        Self { message: "acknowledged", user: None }
    }

    /// Creates the response to a write about a user that the write itself identified.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self { user: Some(user), ..Self::new() }
    }

    /// Returns that user.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user
    }
}

impl Default for Acknowledged {
    fn default() -> Self {
        Self::new()
    }
}

/// The client of a session, as responses show it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    ip: IpAddr,
    user_agent: String,
}

impl From<ClientInfo> for Client {
    fn from(client: ClientInfo) -> Self {
        Self { ip: client.ip, user_agent: client.user_agent }
    }
}

/// An answer in the form that API Gateway takes; which of the two, the event decided.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// Payload 2.0, of HTTP APIs.
    V2(ApiGatewayV2httpResponse),
    /// Payload 1.0, of REST APIs.
    V1(ApiGatewayProxyResponse),
}

/// The members of a problem (RFC 9457 §3.1).
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

pub(super) fn success(payload: Payload, status: StatusCode, body: String) -> Response {
    finish(payload, status, headers("application/json"), body)
}

/// `id` is the same as in the log line of the failure.
pub(super) fn problem(payload: Payload, error: &Error, id: Uuid) -> Response {
    let detail = error.to_string();
    let status = error.status();
    let problem = Problem {
        r#type: format!("urn:latchkey:problem:{}", error.kind()),
        title: error.title(),
        status: status.as_u16(),
        detail: &detail,
        instance: id.urn().to_string(),
        errors: error.fields(),
    };
    let mut headers = headers("application/problem+json");
    // The texts are printable ASCII. If one ever is not, a response without it is better than none.
    let text = HeaderValue::from_str(&detail).unwrap_or(HeaderValue::from_static("see the body"));
    headers.insert(HeaderName::from_static("x-error"), text);
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-error-id"), id);
    }
    if let Some(challenge) = error.challenge().and_then(|challenge| HeaderValue::from_str(&challenge).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    finish(payload, status, headers, serde_json::to_string(&problem).unwrap_or_default())
}

fn headers(content_type: &'static str) -> HeaderMap {
    [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // No response is a page. If a browser shows one as a page, it loads, frames and refers to
        // nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}

fn finish(payload: Payload, status: StatusCode, headers: HeaderMap, body: String) -> Response {
    match payload {
        Payload::V2 => {
            let mut response = ApiGatewayV2httpResponse::default();
            response.status_code = status.as_u16().into();
            response.headers = headers;
            response.body = Some(Body::Text(body));
            Response::V2(response)
        }
        Payload::V1 => {
            let mut response = ApiGatewayProxyResponse::default();
            response.status_code = status.as_u16().into();
            response.headers = headers;
            response.body = Some(Body::Text(body));
            Response::V1(response)
        }
    }
}
