//! A proxy between the functions and DynamoDB: it remembers what went by, and delays or refuses what it is told to.

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
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{Answer, Product};

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
    refused: Mutex<Option<&'static str>>,
    calls: Mutex<Vec<Call>>,
}

impl Proxy {
    /// Listens; leads nowhere until [`Proxy::lead_to`].
    pub(crate) async fn start(delay: Duration) -> Self {
        let state = Arc::new(Shared {
            upstream: OnceLock::new(),
            http: reqwest::Client::new(),
            delay,
            refused: Mutex::default(),
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
        self.state.upstream.set(product.dynamodb_url().to_owned()).expect("led nowhere yet");
    }

    /// From now on, DynamoDB fails in this operation, or again in none.
    pub(crate) fn refuse(&self, operation: Option<&'static str>) {
        *self.state.refused.lock().unwrap_or_else(PoisonError::into_inner) = operation;
    }

    /// What went by since the last time, in the order in which it began.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        let mut calls = std::mem::take(&mut *self.state.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.sort_by_key(|call| call.began);
        calls
    }
}

impl Product {
    /// Sends a request and returns the answer with the calls that the endpoint made for it.
    pub(crate) async fn watch(&self, proxy: &Proxy, request: RequestBuilder) -> (Answer, Vec<Call>) {
        self.delivered().await;
        proxy.take_calls();
        let answer = self.send(request).await;
        self.delivered().await;
        (answer, Call::without_send_mail(proxy.take_calls()))
    }
}

impl Call {
    /// The calls of endpoints alone.
    ///
    /// `send-mail` leases a mail, and says when it is sent; before it leases a code's mail, it asks who has the address. So many of
    /// these questions are its own: one more is an endpoint's, and stays.
    fn without_send_mail(calls: Vec<Self>) -> Vec<Self> {
        let change = |call: &Self| call.body["UpdateExpression"].as_str().unwrap_or_default().to_owned();
        let is_lease = |call: &Self| change(call).starts_with("SET #leasedUntil") && call.key().starts_with("CODE#");
        let mut questions = calls.iter().filter(|call| is_lease(call)).count();
        let mut is_of_endpoint = |call: &Self| {
            if call.operation == "GetItem" && call.key().starts_with("ADDRESS#") && questions > 0 {
                questions -= 1;
                return false;
            }
            !change(call).contains("#leasedUntil")
        };
        calls.into_iter().filter(|call| is_of_endpoint(call)).collect()
    }

    /// The partition key of a call that is about one item.
    pub(crate) fn key(&self) -> &str {
        self.body["Key"]["pk"]["S"].as_str().unwrap_or_default()
    }

    /// The parts of a transaction: what each is, and its body.
    pub(crate) fn parts(&self) -> Vec<(&str, &Value)> {
        let items = self.body["TransactItems"].as_array().map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .flat_map(|item| item.as_object().expect("a part"))
            .map(|(what, part)| (what.as_str(), part))
            .collect()
    }

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
    if *state.refused.lock().unwrap_or_else(PoisonError::into_inner) == Some(operation.as_str()) {
        let fault =
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"a fault of the test's"}"#;
        return (StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), Bytes::from_static(fault.as_bytes()));
    }
    let upstream = state.upstream.get().expect("the proxy leads somewhere");
    let answer = state.http.post(upstream).headers(headers).body(body).send().await.expect("DynamoDB answers");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove("transfer-encoding");
    let body = answer.bytes().await.expect("a body");
    let call = Call { operation, body: asked, began, ended: Instant::now() };
    state.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    (status, headers, body)
}
