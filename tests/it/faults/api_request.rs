//! Requests that can be sent to the API or passed to a function as an event.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json, value::RawValue};

use crate::support::{BASE, KeyPair, Person, Product};

/// A request to the API.
#[derive(Clone, Debug)]
pub(crate) struct ApiRequest {
    method: Method,
    path: &'static str,
    id: Option<String>,
    bearer: Option<String>,
    key_pair: Option<KeyPair>,
    body: Option<Value>,
}

impl ApiRequest {
    pub(super) fn new(method: Method, path: &'static str) -> Self {
        Self { method, path, id: None, bearer: None, key_pair: None, body: None }
    }

    pub(super) fn authenticated(self, person: &Person) -> Self {
        Self { bearer: Some(person.bearer.clone()), ..self }
    }

    pub(super) fn by_key_pair(self, key_pair: &KeyPair) -> Self {
        Self { key_pair: Some(key_pair.clone()), ..self }
    }

    pub(super) fn id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    pub(super) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Returns the HTTP request.
    pub(crate) fn for_api(&self, product: &Product) -> RequestBuilder {
        let id = self.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        let mut request = product.request(self.method.clone(), &format!("{}{id}", self.path));
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(key_pair) = &self.key_pair {
            request = key_pair.on(request);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        request
    }

    /// Returns the event that API Gateway would pass to the function.
    pub(crate) fn event(&self) -> Box<RawValue> {
        let mut headers = json!({"content-type": "application/json"});
        if let Some(bearer) = &self.bearer {
            headers["authorization"] = json!(format!("Bearer {bearer}"));
        }
        if let Some(key_pair) = &self.key_pair {
            headers["api-key"] = json!(key_pair.key);
            headers["api-secret"] = json!(key_pair.secret);
        }
        let path = format!("{BASE}{}", self.path);
        let route = format!("{} {path}", self.method);
        let mut event = json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "", "headers": headers,
            "requestContext": {
                "routeKey": route, "stage": "$default",
                "http": {
                    "method": self.method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
            },
            "isBase64Encoded": false,
        });
        if let Some(id) = &self.id {
            event["pathParameters"] = json!({"id": id});
        }
        if let Some(body) = &self.body {
            event["body"] = json!(body.to_string());
        }
        serde_json::value::to_raw_value(&event).expect("JSON")
    }
}
