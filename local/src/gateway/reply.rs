//! A function's answer as an HTTP response, and what API Gateway says by itself.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// API Gateway's own words: `{"message":"Not Found"}`.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"message": text}))).into_response()
}

/// What it says to more than it wants to read: no JSON.
pub(super) fn head_too_large(limit: usize) -> Response {
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, format!("HTTP header is larger than {limit} bytes.")).into_response()
}

/// A function's answer. `multiValueHeaders` is for REST APIs, and ignored by HTTP APIs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proxy {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that a function's answer stands for.
///
/// API Gateway would make a 200 of JSON without `statusCode`; no function here means that, so it is a fault.
pub(super) fn from_proxy(answer: &RawValue, request_id: &str) -> Result<Response, String> {
    let proxy: Proxy = serde_json::from_str(answer.get()).map_err(|error| format!("not a proxy response: {error}"))?;
    let status = StatusCode::from_u16(proxy.status_code).map_err(|error| error.to_string())?;
    let body = proxy.body.unwrap_or_default();
    let body = if proxy.is_base64_encoded {
        Body::from(BASE64.decode(body).map_err(|error| error.to_string())?)
    } else {
        Body::from(body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in proxy.headers.unwrap_or_default() {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // These are between API Gateway and the client.
        if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            continue;
        }
        let value = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(format!("the value of the header {name} is neither text nor a number")),
        };
        headers.insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    for cookie in proxy.cookies.unwrap_or_default() {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).map_err(|error| error.to_string())?);
    }
    let request_id = HeaderValue::try_from(request_id).map_err(|error| error.to_string())?;
    headers.insert(HeaderName::from_static("apigw-requestid"), request_id);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn reply(answer: &Value) -> Result<Response, String> {
        from_proxy(&serde_json::value::to_raw_value(answer).unwrap(), "id=")
    }

    #[tokio::test]
    async fn an_answer_becomes_a_response() {
        let answer = json!({
            "statusCode": 401,
            "headers": {"WWW-Authenticate": "Bearer", "content-type": "application/problem+json", "retry-after": 7},
            "multiValueHeaders": {"x-ignored": ["1"]},
            "cookies": ["a=1", "b=2"],
            "body": "{}",
        });
        let response = reply(&answer).unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let headers = response.headers();
        assert_eq!(headers["www-authenticate"], "Bearer");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["retry-after"], "7");
        assert_eq!(headers["apigw-requestid"], "id=");
        assert!(!headers.contains_key("x-ignored"));
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(to_bytes(response.into_body(), 9).await.unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_binary_body_is_decoded() {
        let response = reply(&json!({"statusCode": 200, "body": "/wA=", "isBase64Encoded": true})).unwrap();
        assert_eq!(to_bytes(response.into_body(), 9).await.unwrap().as_ref(), [0xff, 0]);
    }

    #[test]
    fn an_answer_that_is_no_response_is_refused() {
        for answer in [
            json!("text"),
            json!(null),
            json!({"body": "no status"}),
            json!({"statusCode": 1}),
            json!({"statusCode": 200, "headers": {"bad name": "x"}}),
            json!({"statusCode": 200, "headers": {"x": "two\r\nlines"}}),
            json!({"statusCode": 200, "body": "not base64!", "isBase64Encoded": true}),
        ] {
            assert!(reply(&answer).is_err(), "{answer}");
        }
    }
}
