//! SES, but a mail waits there for as long as the test wants it to: the one moment at which a mail is leased.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, MutexGuard, watch},
};

use crate::support::Product;

const SEND_EMAIL: &str = "/v2/email/outbound-emails";

/// A proxy before the product's own SES.
pub(super) struct SlowSes {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    gate: Mutex<()>,
    waiting: watch::Sender<usize>,
}

impl SlowSes {
    /// Listens; leads nowhere until [`SlowSes::lead_to`].
    pub(super) async fn start() -> Self {
        let (waiting, _) = watch::channel(0);
        let (http, gate) = (reqwest::Client::new(), Mutex::new(()));
        let state = Arc::new(Shared { upstream: OnceLock::new(), http, gate, waiting });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route(SEND_EMAIL, post(forward)).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, mails go on to that product's SES.
    pub(super) fn lead_to(&self, product: &Product) {
        self.state.upstream.set(product.stack.api_url().to_owned()).expect("led nowhere yet");
    }

    /// Until the guard is dropped, mails wait.
    pub(super) async fn close(&self) -> MutexGuard<'_, ()> {
        self.state.gate.lock().await
    }

    /// Returns once there is a mail that waits.
    pub(super) async fn a_mail_waits(&self) {
        self.state.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.expect("SES is there");
    }
}

async fn forward(State(state): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
    state.waiting.send_modify(|waiting| *waiting += 1);
    drop(state.gate.lock().await);
    state.waiting.send_modify(|waiting| *waiting -= 1);
    let url = format!("{}{SEND_EMAIL}", state.upstream.get().expect("SES leads somewhere"));
    let content_type = headers.get("content-type").expect("a content type");
    let sent = state.http.post(url).header("content-type", content_type).body(body).send().await.expect("SES answers");
    (sent.status(), sent.bytes().await.expect("a body"))
}
