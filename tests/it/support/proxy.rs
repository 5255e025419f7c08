//! A proxy between the functions and DynamoDB: it remembers what went by, and holds each call up for as long as it is told to.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::Product;

/// One call of DynamoDB.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `GetItem` and so on.
    pub(crate) operation: String,
    /// What was asked.
    pub(crate) body: Value,
    began: Instant,
    ended: Instant,
}

/// The proxy, until it is dropped with its test.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    delay: Duration,
    calls: Mutex<Vec<Call>>,
}

impl Proxy {
    /// Listens; leads nowhere until [`Proxy::lead_to`].
    pub(crate) async fn start(delay: Duration) -> Self {
        let state = Arc::new(Shared {
            upstream: OnceLock::new(),
            http: reqwest::Client::new(),
            delay,
            calls: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/", post(forward)).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, calls go through to that product's DynamoDB.
    pub(crate) fn lead_to(&self, product: &Product) {
        self.state.upstream.set(product.stack.dynamodb_url().to_owned()).expect("led nowhere yet");
    }

    /// What went by since the last time, in the order in which it began.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        let mut calls = std::mem::take(&mut *self.state.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.sort_by_key(|call| call.began);
        calls
    }
}

impl Call {
    /// How many of the calls were made one after the other: those at the same time count once.
    pub(crate) fn round_trips(calls: &[Self]) -> usize {
        let mut by_end: Vec<_> = calls.iter().collect();
        by_end.sort_by_key(|call| call.ended);
        let mut trips = 0;
        let mut free = None;
        for call in by_end {
            if free.is_none_or(|free| call.began >= free) {
                trips += 1;
                free = Some(call.ended);
            }
        }
        trips
    }
}

async fn forward(State(state): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap, Bytes) {
    let began = Instant::now();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let asked = serde_json::from_slice(&body).unwrap_or_default();
    tokio::time::sleep(state.delay).await;
    let upstream = state.upstream.get().expect("the proxy leads somewhere");
    let answer = state.http.post(upstream).headers(headers).body(body).send().await.expect("DynamoDB answers");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove("transfer-encoding");
    let body = answer.bytes().await.expect("a body");
    let call = Call { operation, body: asked, began, ended: Instant::now() };
    state.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    (status, headers, body)
}
