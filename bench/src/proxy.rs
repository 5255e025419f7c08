//! What stands before a service of AWS: TLS, and a meter that can be switched on.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes, to_bytes};
use hyper::{HeaderMap, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{Result, certificates::Certificates, meter::Call};

/// Added to each call while it is metered: long enough that calls made at the same time overlap, even on a busy machine.
const DELAY: Duration = Duration::from_millis(20);

/// DynamoDB's largest answer is 1 MB, SES's largest request 40 MB.
const BODY_BYTES: usize = 40 * 1024 * 1024;

/// The proxy, until it is dropped.
pub(crate) struct Proxy {
    url: String,
    state: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    metered: AtomicBool,
    calls: Mutex<Vec<Call>>,
}

impl Proxy {
    pub(crate) async fn start(certificates: &Certificates, upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let state = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http: reqwest::Client::new(),
            metered: AtomicBool::new(false),
            calls: Mutex::default(),
        });
        let (acceptor, shared) = (certificates.acceptor(), Arc::clone(&state));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                let _ = stream.set_nodelay(true);
                connections.spawn(async move {
                    // Whose handshake fails says so himself.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let answer = service_fn(|request| pass_on(&state, request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Ok(Self { url, state, _server: server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, calls of DynamoDB take longer, and are remembered with what they consume.
    pub(crate) fn switch_meter_on(&self) {
        self.state.metered.store(true, Ordering::Relaxed);
    }

    /// The calls since the last time.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An error ends the connection.
async fn pass_on(state: &Shared, request: Request<Incoming>) -> Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), BODY_BYTES).await?;
    let url = format!("{}{}", state.upstream, head.uri.path());
    let send = async |headers: HeaderMap, body: Bytes| -> Result<(Response<()>, Bytes)> {
        let answer = state.http.request(head.method.clone(), url).headers(headers).body(body).send().await?;
        let mut response = Response::new(());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        response.headers_mut().remove("transfer-encoding");
        Ok((response, answer.bytes().await?))
    };
    if !state.metered.load(Ordering::Relaxed) {
        let (response, body) = send(head.headers, body).await?;
        return Ok(response.map(|()| body.into()));
    }
    let began = Instant::now();
    tokio::time::sleep(DELAY).await;
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let reads = target.ends_with(".GetItem") || target.ends_with(".Query");
    let mut call: Value = serde_json::from_slice(&body)?;
    call.as_object_mut().ok_or("no object")?.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
    let mut headers = head.headers.clone();
    headers.remove("content-length");
    let (response, body) = send(headers, call.to_string().into()).await?;
    let call = Call { began, ended: Instant::now(), reads, units: units(&body) };
    state.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    Ok(response.map(|()| body.into()))
}

/// What an answer says was consumed; of a transaction, for each table. A refusal doesn't say.
fn units(answer: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let capacity = answer.get("ConsumedCapacity").unwrap_or(&Value::Null);
    let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
    tables.iter().filter_map(|table| table.get("CapacityUnits")?.as_f64()).sum()
}
