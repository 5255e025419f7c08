//! The server of the proxy, which speaks HTTP as AWS does until it has to break off.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{
    Call, Shared,
    fault::{End, Fault, cancellation, error},
};

/// The end of a connection that is cut.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

type Answer = Response<UnsyncBoxBody<Bytes, Cut>>;

/// Starts the server, and returns its URL.
pub(super) async fn listen(state: Arc<Shared>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Open::begin(&state)));
        }
    });
    url
}

/// The connections of the process so far.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

async fn converse(stream: TcpStream, open: Open) {
    let mut hung_up = open.0.hung_up.subscribe();
    // A connection that is cut ends with a reset. An orderly end could be mistaken for something
    // else.
    stream.set_zero_linger().expect("a socket");
    let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let service = service_fn(|request| answer(Arc::clone(&open.0), connection, request));
    let mut served = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // The result is of no interest: connections may end in any way.
    tokio::select! {
        _ = served.as_mut() => {}
        _ = hung_up.changed() => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

async fn answer(state: Arc<Shared>, connection: usize, request: Request<Incoming>) -> Result<Answer, Cut> {
    let began = Instant::now();
    if request.method() == Method::GET {
        return Ok(says(StatusCode::OK, &json!({})));
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let call = Call {
        operation,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        connection,
        began,
        ended: Instant::now(),
    };
    let pass_on = async || forward(&state, &head, body.clone(), &call).await;
    let mut decided = state.decided.subscribe();
    match state.spring(&call) {
        None => Ok(whole(pass_on().await)),
        Some(Fault::Before(end)) => state.end(&call, end, None).await,
        Some(Fault::After(end)) => {
            let answered = pass_on().await;
            state.end(&call, end, Some(answered)).await
        }
        Some(Fault::Cancelled(position, reason)) => {
            Ok(says(StatusCode::BAD_REQUEST, &cancellation(&call, position, reason)))
        }
        Some(Fault::Late(time)) => {
            tokio::time::sleep(time).await;
            Ok(whole(pass_on().await))
        }
        Some(Fault::Slow(time)) => {
            let answered = pass_on().await;
            tokio::time::sleep(time).await;
            Ok(whole(answered))
        }
        Some(Fault::Held) => {
            state.silences.send_modify(|silences| *silences += 1);
            decided.changed().await.map_err(|_| Cut)?;
            Ok(whole(pass_on().await))
        }
        Some(Fault::Stale) => Ok(says(StatusCode::OK, &json!({}))),
        Some(Fault::LateAndCancelled(time, position, reason)) => {
            tokio::time::sleep(time).await;
            Ok(says(StatusCode::BAD_REQUEST, &cancellation(&call, position, reason)))
        }
    }
}

/// Forwards a call, and completes it even if the caller hangs up meanwhile.
async fn forward(state: &Arc<Shared>, head: &Parts, body: Bytes, call: &Call) -> Response<Bytes> {
    let (state, call) = (Arc::clone(state), call.clone());
    let (path, mut headers) = (head.uri.path().to_owned(), head.headers.clone());
    headers.remove(HOST);
    let passed_on = async move {
        let _open = Open::begin(&state);
        let url = format!("{}{path}", state.upstream.get().expect("a destination was set"));
        let answered =
            state.http.post(url).headers(headers).body(body).send().await.expect("a response of the service");
        let (status, headers) = (answered.status(), answered.headers().clone());
        let mut answer = Response::new(answered.bytes().await.expect("a body"));
        state.remember(Call { ended: Instant::now(), ..call });
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        answer.headers_mut().remove(TRANSFER_ENCODING);
        answer
    };
    tokio::spawn(passed_on).await.expect("no panic")
}

/// Counts a connection or call as open while it lives.
struct Open(Arc<Shared>);

impl Open {
    fn begin(state: &Arc<Shared>) -> Self {
        state.open.send_modify(|open| *open += 1);
        Self(Arc::clone(state))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl Shared {
    async fn end(&self, call: &Call, end: End, answered: Option<Response<Bytes>>) -> Result<Answer, Cut> {
        match end {
            End::Error(status, of_type) => {
                let mut answer = says(StatusCode::from_u16(status).expect("a status"), &error(of_type));
                if call.operation.is_empty() {
                    answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(of_type));
                }
                Ok(answer)
            }
            End::Reset => Err(Cut),
            End::Half => Ok(half(answered.expect("a response to cut"))),
            End::Silence => {
                let mut hung_up = self.hung_up.subscribe();
                self.silences.send_modify(|silences| *silences += 1);
                let _ = hung_up.changed().await;
                Err(Cut)
            }
        }
    }
}

fn says(status: StatusCode, said: &Value) -> Answer {
    let mut answer = Response::new(Bytes::from(said.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, "application/x-amz-json-1.0".parse().expect("a type"));
    whole(answer)
}

fn whole(answer: Response<Bytes>) -> Answer {
    answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

/// Announces the full length, and ends in the middle.
fn half(answer: Response<Bytes>) -> Answer {
    let (mut head, body) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let begun = body.slice(..body.len() / 2);
    let body = StreamBody::new(stream::iter([Ok(Frame::data(begun)), Err(Cut)]));
    Response::from_parts(head, body.boxed_unsync())
}
