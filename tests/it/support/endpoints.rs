//! Requests to the endpoints of the registry.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Person, Product};

/// An ID that belongs to nothing.
pub(crate) const UNKNOWN_ID: &str = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e";

/// Returns function, method and path of every endpoint with an ID at the end of its path. The path
/// ends with a slash instead of the ID.
pub(crate) fn endpoints_with_id() -> impl Iterator<Item = (&'static str, Method, &'static str)> {
    registry::endpoints().filter_map(|(function, route)| {
        let path = route.path.strip_suffix("{id}")?;
        Some((function.name, method(route), path))
    })
}

/// Returns method and path of every endpoint that requires a bearer token.
pub(crate) fn authenticated_endpoints() -> impl Iterator<Item = (Method, String)> {
    let authenticated = registry::endpoints().filter(|(_, route)| route.requires_token());
    authenticated.map(|(_, route)| (method(route), route.path.replace("{id}", UNKNOWN_ID)))
}

fn method(route: registry::Route) -> Method {
    route.method.parse().expect("a method")
}

/// A request with a valid body.
pub(crate) struct ValidRequest {
    method: Method,
    pub(crate) path: &'static str,
    bearer: Option<String>,
    pub(crate) body: Value,
}

impl ValidRequest {
    /// Returns the request without its body and without a content type.
    pub(crate) fn request(&self, product: &Product) -> reqwest::RequestBuilder {
        let request = product.request(self.method.clone(), self.path);
        if let Some(bearer) = &self.bearer { request.bearer_auth(bearer) } else { request }
    }

    /// Sends the request with another body.
    pub(crate) async fn send(&self, product: &Product, body: &Value) -> Answer {
        product.send(self.request(product).json(body)).await
    }

    /// Sends the request with another body, which may be anything.
    pub(crate) async fn send_text(&self, product: &Product, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(product).header("content-type", "application/json");
        product.send(request.body(body)).await
    }
}

impl Product {
    /// Returns a valid request for every endpoint with a body, in an order in which all of them
    /// succeed.
    pub(crate) async fn every_valid_request(&self) -> Vec<ValidRequest> {
        const JOHN: &str = "john@doe.net";
        const WORK: &str = "john@work.example";
        let john = self.sign_up(JOHN, "johny").await;
        let (sign_in, sign_in_code) = self.sign_in_code(JOHN).await;
        let (email, email_code) = self.email_code(&john, WORK).await;
        let preferred = self.email_id(&john, JOHN).await;
        let valid = |method, path, bearer: Option<&Person>, body| {
            let bearer = bearer.map(|person| person.bearer.clone());
            ValidRequest { method, path, bearer, body }
        };
        let me = Some(&john);
        vec![
            valid(Method::POST, "/user", None, json!({"email": "jane@doe.net", "fullName": "Jane", "alias": "jane"})),
            valid(Method::PUT, "/user", me, json!({"fullName": "John H. Doe"})),
            valid(Method::POST, "/session", None, json!({"email": JOHN})),
            valid(
                Method::PUT,
                "/session/verification",
                None,
                json!({"verificationCodeID": sign_in.id, "code": sign_in_code}),
            ),
            valid(Method::POST, "/email", me, json!({"address": "more@doe.net"})),
            valid(Method::POST, "/email/verification", me, json!({"address": WORK})),
            valid(Method::PUT, "/email/preferred", me, json!({"emailID": preferred})),
            valid(Method::PUT, "/email/verification", None, json!({"verificationCodeID": email, "code": email_code})),
        ]
    }
}
