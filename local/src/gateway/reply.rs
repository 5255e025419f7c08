//! Converts functions' responses to HTTP, and builds API Gateway's own responses.

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

/// Returns a response of API Gateway's own, such as `{"message":"Not Found"}`.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"message": text}))).into_response()
}

/// Returns API Gateway's response to a request head that is too large. It is not JSON.
pub(super) fn head_too_large(limit: usize) -> Response {
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, format!("HTTP header is larger than {limit} bytes.")).into_response()
}

/// A function's response. HTTP APIs ignore `multiValueHeaders`, which is for REST APIs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
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

/// Converts a function's response to HTTP.
///
/// API Gateway converts JSON without a `statusCode` to a response with status 200. No function here
/// relies on that, so it is an error.
pub(super) fn from_proxy(payload: &RawValue, request_id: &str) -> Result<Response, String> {
    let proxy: ProxyResponse =
        serde_json::from_str(payload.get()).map_err(|error| format!("not a proxy response: {error}"))?;
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
        // These concern the connection between API Gateway and the client.
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

    fn reply(payload: &Value) -> Result<Response, String> {
        from_proxy(&serde_json::value::to_raw_value(payload).unwrap(), "id=")
    }

    #[tokio::test]
    async fn a_function_response_is_converted_to_http() {
        let payload = json!({
            "statusCode": 401,
            "headers": {"WWW-Authenticate": "Bearer", "content-type": "application/problem+json", "retry-after": 7},
            "multiValueHeaders": {"x-ignored": ["1"]},
            "cookies": ["a=1", "b=2"],
            "body": "{}",
        });
        let response = reply(&payload).unwrap();
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
    fn an_invalid_function_response_is_rejected() {
        for payload in [
            json!("text"),
            json!(null),
            json!({"body": "no status"}),
            json!({"statusCode": 1}),
            json!({"statusCode": 200, "headers": {"bad name": "x"}}),
            json!({"statusCode": 200, "headers": {"x": "two\r\nlines"}}),
            json!({"statusCode": 200, "body": "not base64!", "isBase64Encoded": true}),
        ] {
            assert!(reply(&payload).is_err(), "{payload}");
        }
    }
}
