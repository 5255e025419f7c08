//! Converts HTTP requests to events of payload format 2.0, as API Gateway does.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::routes::MatchedRoute;
use crate::clock::common_log;
use crate::random;
use crate::template::ACCOUNT;

/// A received request.
pub(super) struct ReceivedRequest<'a> {
    pub(super) head: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) peer: SocketAddr,
    pub(super) port: u16,
    pub(super) route: &'a MatchedRoute<'a>,
    pub(super) request_id: &'a str,
    /// When the request was received, in milliseconds since the Unix epoch.
    pub(super) milliseconds: i64,
}

/// Returns a new request ID in API Gateway's format.
pub(super) fn request_id() -> String {
    BASE64.encode(random::alphanumeric(11))
}

impl ReceivedRequest<'_> {
    /// Returns the event. Empty fields are omitted, as API Gateway omits them.
    pub(super) fn event(&self) -> Value {
        let uri = &self.head.uri;
        // An HTTP API decodes the path, but not the query string.
        let path = decode(uri.path());
        let query = uri.query().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route.key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": self.headers(),
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": self.head.method.as_str(),
                    "path": path,
                    "protocol": format!("{:?}", self.head.version),
                    "sourceIp": self.peer.ip().to_string(),
                    "userAgent": self.values("user-agent").join(","),
                },
                "requestId": self.request_id,
                "routeKey": self.route.key,
                "stage": "$default",
                "time": common_log(self.milliseconds.div_euclid(1000)),
                "timeEpoch": self.milliseconds,
            },
            "isBase64Encoded": false,
        });
        if let Some(fields) = event.as_object_mut() {
            self.add_optional_fields(fields, query);
        }
        event
    }

    fn add_optional_fields(&self, fields: &mut Map<String, Value>, query: &str) {
        let cookies = self.cookies();
        if !cookies.is_empty() {
            fields.insert("cookies".to_owned(), json!(cookies));
        }
        if !query.is_empty() {
            fields.insert("queryStringParameters".to_owned(), json!(query_parameters(query)));
        }
        if !self.route.variables.is_empty() {
            let variables: BTreeMap<_, _> =
                self.route.variables.iter().map(|(name, value)| (*name, decode(value))).collect();
            fields.insert("pathParameters".to_owned(), json!(variables));
        }
        if !self.body.is_empty() {
            let text = std::str::from_utf8(self.body).ok().filter(|_| self.body_is_text());
            fields.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
            fields.insert("body".to_owned(), text.map_or_else(|| json!(BASE64.encode(self.body)), |text| json!(text)));
        }
    }

    /// Returns whether API Gateway would pass the body on as text. It encodes any other body in
    /// Base64, also one without a content type.
    fn body_is_text(&self) -> bool {
        let kind = self.values("content-type").join(",").to_lowercase();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let text = essence.starts_with("text/")
            || matches!(essence, "application/json" | "application/javascript" | "application/xml");
        text && !self.head.headers.contains_key("content-encoding")
    }

    fn values(&self, name: &str) -> Vec<String> {
        let values = self.head.headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }

    fn cookies(&self) -> Vec<String> {
        let lines = self.values("cookie");
        let cookies = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
        cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the headers with names in lower case, repeated ones joined by commas, without
    /// cookies, and with the headers that API Gateway adds.
    fn headers(&self) -> BTreeMap<String, String> {
        let names = self.head.headers.keys().filter(|name| *name != "cookie");
        let mut headers: BTreeMap<String, String> =
            names.map(|name| (name.as_str().to_owned(), self.values(name.as_str()).join(","))).collect();
        let mut forwarded_for = self.values("x-forwarded-for");
        forwarded_for.push(self.peer.ip().to_string());
        let seconds = self.milliseconds.div_euclid(1000);
        headers.entry("content-length".to_owned()).or_insert_with(|| self.body.len().to_string());
        headers
            .entry("x-amzn-trace-id".to_owned())
            .or_insert_with(|| format!("Root=1-{seconds:08x}-{}", random::hexadecimal::<12>()));
        headers.insert("x-forwarded-for".to_owned(), forwarded_for.join(", "));
        headers.insert("x-forwarded-port".to_owned(), self.port.to_string());
        headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
        headers
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes the query parameters. The values of a repeated parameter are joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")));
        parameters
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

#[cfg(test)]
mod tests;
