//! Responses, and the checks that each of them must pass.

mod contract;

use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

use super::times_logged;

/// A response of the API.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Reads a response, and checks it against the contract's "Conventions".
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a text");
        let body = serde_json::from_str(&text).expect("JSON");
        let answer = Self { status, headers, body };
        answer.check();
        answer
    }

    /// Reads the response of a function to Lambda, with the same checks.
    pub(crate) fn of_function(returned: &Value) -> Self {
        let header = |(name, value): (&String, &Value)| {
            let value = value.as_str().expect("a text").parse().expect("a header's value");
            (name.parse::<HeaderName>().expect("a header's name"), value)
        };
        let answer = Self {
            status: returned["statusCode"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
            headers: returned["headers"].as_object().expect("headers").iter().map(header).collect(),
            body: serde_json::from_str(returned["body"].as_str().expect("a body")).expect("JSON"),
        };
        assert_ne!(returned["isBase64Encoded"], true);
        answer.check();
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    /// Returns a string member of the body.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    /// Asserts the status, and returns the response.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Asserts that the body is `{"message":"acknowledged"}`.
    #[track_caller]
    pub(crate) fn acknowledged(self) {
        let answer = self.expect(202);
        assert_eq!(answer.body, serde_json::json!({"message": "acknowledged"}));
    }

    /// Asserts that the response is a refusal with this status whose text contains `words`.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, words: &str) -> Self {
        let answer = self.expect(status);
        let said = answer.header("x-error").expect("x-error");
        assert!(said.contains(words), "x-error says: {said}");
        answer
    }

    fn check(&self) {
        contract::check(self);
        if let Some(id) = self.header("x-error-id") {
            assert_eq!(times_logged(id), 1, "log lines with the response's x-error-id");
        }
    }
}
