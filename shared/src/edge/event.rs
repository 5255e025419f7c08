//! API Gateway's events, payload 2.0 and 1.0, read into a [`Request`].
//!
//! `lambda_http` provides the types. Its conversion to an HTTP request is not used, because it
//! panics on a malformed host, scheme or query string.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use lambda_http::{
    aws_lambda_events::{
        apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest},
        query_map::QueryMap,
    },
    http::{HeaderMap, Method, header},
};
use serde_json::value::RawValue;

use crate::{
    config::TrustedProxy,
    domain::{
        language::Language,
        request_context::{ClientInfo, RequestContext},
        timestamp::Timestamp,
    },
    edge::{Request, client_ip, request::Credentials},
    error::Error,
};

/// The payload format of an event and of its response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Payload {
    #[default]
    V2,
    V1,
}

const UNREADABLE: Error = Error::Malformed("Not a valid API Gateway proxy event");

/// Reads an event. The payload format is known even if the rest is invalid.
pub(super) fn read(
    event: &RawValue,
    now: Timestamp,
    proxy: Option<&TrustedProxy>,
) -> (Payload, Result<Request, Error>) {
    if let Ok(event) = serde_json::from_str::<ApiGatewayV2httpRequest>(event.get()) {
        return (Payload::V2, from_v2(event, now, proxy));
    }
    match serde_json::from_str::<ApiGatewayProxyRequest>(event.get()) {
        Ok(event) => (Payload::V1, from_v1(event, now, proxy)),
        Err(_) => (Payload::V2, Err(UNREADABLE)),
    }
}

fn from_v2(event: ApiGatewayV2httpRequest, now: Timestamp, proxy: Option<&TrustedProxy>) -> Result<Request, Error> {
    let http = event.request_context.http;
    Ok(Request {
        context: RequestContext {
            now,
            client: client(http.source_ip.as_deref(), http.user_agent.as_deref(), &event.headers, proxy)?,
            language: language(&event.headers),
        },
        is_preflight: is_preflight(&http.method, &event.headers),
        method: http.method,
        path: event.raw_path.unwrap_or_default(),
        credentials: credentials(&event.headers),
        is_json: is_json(&event.headers),
        path_parameters: event.path_parameters,
        query: query(&event.query_string_parameters),
        body: body(event.body, event.is_base64_encoded)?,
    })
}

fn from_v1(event: ApiGatewayProxyRequest, now: Timestamp, proxy: Option<&TrustedProxy>) -> Result<Request, Error> {
    let identity = event.request_context.identity;
    // REST APIs send both, and the multi-value form is complete; hand-written events often have
    // only the single-value form.
    let headers = if event.multi_value_headers.is_empty() { event.headers } else { event.multi_value_headers };
    Ok(Request {
        context: RequestContext {
            now,
            client: client(identity.source_ip.as_deref(), identity.user_agent.as_deref(), &headers, proxy)?,
            language: language(&headers),
        },
        is_preflight: is_preflight(&event.http_method, &headers),
        method: event.http_method,
        path: event.path.unwrap_or_default(),
        credentials: credentials(&headers),
        is_json: is_json(&headers),
        path_parameters: event.path_parameters,
        query: query(&event.query_string_parameters),
        body: body(event.body, event.is_base64_encoded)?,
    })
}

/// Returns the parameters of the query string. API Gateway joins those that are repeated.
fn query(parameters: &QueryMap) -> HashMap<String, String> {
    parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Returns the client that connected to API Gateway, or to the trusted proxy in front of it. No
/// other header affects the IP address.
fn client(
    source_ip: Option<&str>,
    user_agent: Option<&str>,
    headers: &HeaderMap,
    proxy: Option<&TrustedProxy>,
) -> Result<ClientInfo, Error> {
    let connected = source_ip.and_then(|ip| ip.parse().ok()).ok_or(UNREADABLE)?;
    let ip = client_ip::reported(headers, proxy).unwrap_or(connected);
    Ok(ClientInfo::new(ip, user_agent.unwrap_or_default()))
}

/// Returns the preferred language. Several headers are one list (RFC 9110 §5.3).
fn language(headers: &HeaderMap) -> Language {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    Language::accepted(&values.join(","))
}

fn credentials(headers: &HeaderMap) -> Credentials {
    Credentials {
        authorization: credential(headers, header::AUTHORIZATION.as_str()),
        api_key: credential(headers, "api-key"),
        api_secret: credential(headers, "api-secret"),
    }
}

/// Returns a header that authenticates, even if it is not readable: an optional header that is sent
/// must be valid.
fn credential(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    // Of two headers, neither is trusted over the other.
    if values.next().is_some() {
        return Some(String::new());
    }
    Some(first.to_str().unwrap_or_default().to_owned())
}

fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn body(body: Option<String>, is_base64_encoded: bool) -> Result<Vec<u8>, Error> {
    let body = body.unwrap_or_default();
    if !is_base64_encoded {
        return Ok(body.into_bytes());
    }
    BASE64_STANDARD.decode(body).map_err(|_| Error::Malformed("The body is not valid base64"))
}
