//! Cross-origin requests, which API Gateway handles itself if the template configures CORS.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::template::Cors;

impl Cors {
    /// Returns the response to a preflight request, for any path. No function is invoked.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response> {
        let asks = head.method == Method::OPTIONS
            && head.headers.contains_key(ORIGIN)
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Some(origin) = self.allowed(&head.headers) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.methods.join(","));
            insert(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(","));
            if let Some(seconds) = self.max_age {
                insert(headers, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
            }
        }
        Some(response)
    }

    /// Adds the headers that allow the calling page to read the response.
    pub(super) fn permit(&self, request: &HeaderMap, response: &mut Response) {
        if let Some(origin) = self.allowed(request) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.exposed.join(","));
        }
    }

    /// Returns the value of `access-control-allow-origin`, if the page's origin is allowed.
    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        if self.origins.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        let known = self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
        known.then(|| origin.clone())
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // An empty value is omitted, and so is one from the template that no header can contain.
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn cors() -> Cors {
        Cors {
            origins: vec!["https://shop.example".to_owned()],
            methods: vec!["GET".to_owned(), "PUT".to_owned()],
            headers: vec!["authorization".to_owned()],
            exposed: vec!["x-error".to_owned()],
            max_age: Some(3600),
        }
    }

    fn preflight_from(origin: &str) -> Response {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri("/anything")
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .body(())
            .unwrap();
        cors().preflight(&request.into_parts().0).unwrap()
    }

    #[test]
    fn a_page_of_an_allowed_origin_may_call() {
        let response = preflight_from("https://shop.example");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let headers = response.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET,PUT");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "authorization");
        assert_eq!(headers[ACCESS_CONTROL_MAX_AGE], "3600");
    }

    #[test]
    fn a_preflight_from_another_origin_is_denied() {
        assert!(!preflight_from("https://evil.example").headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn only_a_page_of_an_allowed_origin_may_read_the_response() {
        let permitted = |origin: &'static str| {
            let mut response = StatusCode::OK.into_response();
            let mut request = HeaderMap::new();
            request.insert(ORIGIN, HeaderValue::from_static(origin));
            cors().permit(&request, &mut response);
            response.headers().get(ACCESS_CONTROL_EXPOSE_HEADERS).cloned()
        };
        assert_eq!(permitted("https://shop.example").unwrap(), "x-error");
        assert_eq!(permitted("https://evil.example"), None);
    }
}
