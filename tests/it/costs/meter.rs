//! Measures what the functions consume: a proxy in front of DynamoDB that requests the consumed
//! capacity of each call.

use std::{
    collections::BTreeMap,
    ops::Add,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Product, Settings};

/// Request units, as DynamoDB bills them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Units {
    pub(super) read: f64,
    pub(super) write: f64,
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { read: self.read + other.read, write: self.write + other.write }
    }
}

/// The units consumed since the last reading, by function.
type Consumed = BTreeMap<String, Units>;

/// The measuring proxy.
pub(super) struct Meter {
    url: String,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    consumed: Mutex<Consumed>,
}

impl Meter {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Shared::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(forward).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Gives each function its own path on the proxy, which identifies the function that makes a
    /// call.
    pub(super) fn settings(&self, functions: &[&str]) -> Settings {
        let variable = |function: &&str| {
            let name = format!("{function}/AWS_ENDPOINT_URL_DYNAMODB");
            (&*name.leak(), format!("{}/{function}", self.url))
        };
        Settings { variables: functions.iter().map(variable).collect(), ..Settings::default() }
    }

    pub(super) fn lead_to(&self, product: &Product) {
        self.state.upstream.set(product.dynamodb_url().to_owned()).expect("the upstream is set once");
    }

    /// Returns what the functions consumed since the last reading, after all pending emails are
    /// sent.
    pub(super) async fn read(&self, product: &Product) -> Consumed {
        product.stack.delivered().await;
        std::mem::take(&mut *self.state.consumed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn forward(
    State(state): State<Arc<Shared>>,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Bytes) {
    let function = uri.path().trim_matches('/').to_owned();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let reads = target.ends_with(".GetItem") || target.ends_with(".Query");
    let mut call: Value = serde_json::from_slice(&body).expect("JSON");
    call["ReturnConsumedCapacity"] = json!("TOTAL");
    headers.remove("content-length");
    let upstream = state.upstream.get().expect("the upstream is set");
    let response = state.http.post(upstream).headers(headers).body(call.to_string()).send().await.expect("a response");
    let (status, mut headers) = (response.status(), response.headers().clone());
    // A failed write costs as well, but its response does not say how much.
    assert!(status.is_success(), "a call of {function} failed, and its cost cannot be measured");
    headers.remove("transfer-encoding");
    let body = response.bytes().await.expect("a body");
    let response: Value = serde_json::from_slice(&body).expect("JSON");
    let capacity = &response["ConsumedCapacity"];
    let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
    let units = tables.iter().map(|table| table["CapacityUnits"].as_f64().expect("units")).sum();
    let units = if reads { Units { read: units, write: 0.0 } } else { Units { read: 0.0, write: units } };
    let mut consumed = state.consumed.lock().unwrap_or_else(PoisonError::into_inner);
    let so_far = consumed.entry(function).or_default();
    *so_far = *so_far + units;
    (status, headers, body)
}
