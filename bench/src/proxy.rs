//! A proxy in front of an AWS service, which adds TLS and can meter the calls.

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

/// The delay that is added to each metered call. It is long enough that concurrent calls overlap
/// even on a busy machine.
const METERED_DELAY: Duration = Duration::from_millis(20);

/// The size of SES's largest request, 40 MB. DynamoDB's largest response is only 1 MB.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

/// A running proxy, which stops when this is dropped.
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
                    // If the handshake fails, the client reports the error.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| forward(&state, request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { url, state, _server: server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts to meter calls to DynamoDB: each is delayed, and recorded with its consumed capacity.
    pub(crate) fn switch_meter_on(&self) {
        self.state.metered.store(true, Ordering::Relaxed);
    }

    /// Returns the calls recorded since the last time this was called.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Forwards a request to the service. An error ends the connection.
async fn forward(state: &Shared, request: Request<Incoming>) -> Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), MAX_BODY_BYTES).await?;
    let url = format!("{}{}", state.upstream, head.uri.path());
    let send = async |headers: HeaderMap, body: Bytes| -> Result<(Response<()>, Bytes)> {
        let upstream = state.http.request(head.method.clone(), url).headers(headers).body(body).send().await?;
        let mut response = Response::new(());
        *response.status_mut() = upstream.status();
        *response.headers_mut() = upstream.headers().clone();
        response.headers_mut().remove("transfer-encoding");
        Ok((response, upstream.bytes().await?))
    };
    if !state.metered.load(Ordering::Relaxed) {
        let (response, body) = send(head.headers, body).await?;
        return Ok(response.map(|()| body.into()));
    }
    let began = Instant::now();
    tokio::time::sleep(METERED_DELAY).await;
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

/// Returns the capacity units that a response reports as consumed. A transaction reports them for
/// each table, an error not at all.
fn units(response: &[u8]) -> f64 {
    let response: Value = serde_json::from_slice(response).unwrap_or_default();
    let capacity = response.get("ConsumedCapacity").unwrap_or(&Value::Null);
    let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
    tables.iter().filter_map(|table| table.get("CapacityUnits")?.as_f64()).sum()
}
