//! A go-between before a service of AWS: it passes requests on, or lets them come to whatever end the test wants.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::body::{Body, to_bytes};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done, and answered.
    Done,
    /// It is refused with a status and a code of AWS's.
    Refused(u16, &'static str),
    /// It is done, but answered as if it had failed.
    DoneButRefused(u16, &'static str),
    /// The connection ends before an answer.
    HungUp,
    /// It is done, but the connection ends before an answer.
    DoneButHungUp,
    /// Nobody ever answers.
    Silence,
    /// It is done, but nobody ever answers.
    DoneButSilence,
}

/// A request, as far as fates depend on it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// DynamoDB's operation with what is updated; for other services the path.
    pub(crate) what: String,
    /// Its body.
    pub(crate) body: Value,
}

type Decide = Box<dyn Fn(&Asked) -> Fate + Send + Sync>;

/// The go-between, until it is dropped with its test.
pub(crate) struct GoBetween {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    decide: Mutex<Decide>,
    silent: watch::Sender<usize>,
}

impl GoBetween {
    /// Listens; leads nowhere until [`GoBetween::lead_to`].
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Shared {
            upstream: OnceLock::new(),
            http: reqwest::Client::new(),
            decide: Mutex::new(Box::new(|_| Fate::Done)),
            silent: watch::channel(0).0,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let answer = service_fn(move |request| meet(Arc::clone(&state), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { url, state }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, requests go on to that service.
    pub(crate) fn lead_to(&self, url: &str) {
        self.state.upstream.set(url.to_owned()).expect("led nowhere yet");
    }

    /// From now on, this decides what becomes of requests.
    pub(crate) fn decide(&self, decide: impl Fn(&Asked) -> Fate + Send + Sync + 'static) {
        *self.state.decide.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(decide);
    }

    /// From now on, requests are done, and answered.
    pub(crate) fn mend(&self) {
        self.decide(|_| Fate::Done);
    }

    /// Returns once there is somebody who gets no answer; forgets him.
    pub(crate) async fn somebody_waits(&self) {
        self.state.silent.subscribe().wait_for(|waiting| *waiting > 0).await.expect("the go-between is there");
        self.state.silent.send_replace(0);
    }
}

/// An error ends the connection.
async fn meet(state: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?;
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let operation = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()?.rsplit('.').next());
    let what = match operation {
        Some(operation) => format!("{operation} {}", json["UpdateExpression"].as_str().unwrap_or_default()),
        None => head.uri.path().to_owned(),
    };
    let asked = Asked { what: what.trim().to_owned(), body: json };
    let fate = state.decide.lock().unwrap_or_else(PoisonError::into_inner)(&asked);
    let done = match fate {
        Fate::Refused(..) | Fate::HungUp | Fate::Silence => None,
        _ => {
            let url = format!("{}{}", state.upstream.get().expect("it leads somewhere"), head.uri.path());
            let mut headers = head.headers;
            headers.remove("host");
            let sent = state.http.post(url).headers(headers).body(body).send().await.expect("the service answers");
            let (status, mut headers) = (sent.status(), sent.headers().clone());
            headers.remove("transfer-encoding");
            let mut answer = Response::new(Body::from(sent.bytes().await.expect("a body")));
            (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
            Some(answer)
        }
    };
    match fate {
        Fate::Done => Ok(done.expect("it was done")),
        Fate::Refused(status, code) | Fate::DoneButRefused(status, code) => {
            let body = json!({"__type": code, "message": "a fault of the test's"}).to_string();
            let answer = Response::builder().status(status).header("x-amzn-errortype", code);
            Ok(answer.body(body.into()).expect("an answer"))
        }
        Fate::HungUp | Fate::DoneButHungUp => Err(io::ErrorKind::ConnectionReset.into()),
        Fate::Silence | Fate::DoneButSilence => {
            state.silent.send_modify(|waiting| *waiting += 1);
            std::future::pending().await
        }
    }
}
