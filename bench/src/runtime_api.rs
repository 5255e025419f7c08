//! Lambda's Runtime API, for one function: hands events out, takes answers.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::Result;

/// As long as a real one, and the same in each run, so that what it takes to read it is.
const DEADLINE: &str = "4102444800000";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:bench";
const TRACE: &str = "Root=1-69a55898-0b717a058023252b18031e58;Parent=0b717a0580232525;Sampled=0";

/// What the function says, and when.
enum Said {
    /// It asks for an event, and gets it from here.
    Ready(Instant, oneshot::Sender<(u32, String)>),
    Answered(Instant, Bytes),
    Failed(Bytes),
}

type Ear = mpsc::UnboundedSender<Said>;

/// The API, until it is dropped.
pub(crate) struct RuntimeApi {
    address: String,
    said: mpsc::UnboundedReceiver<Said>,
    waiting: Option<oneshot::Sender<(u32, String)>>,
    invocations: u32,
    _server: JoinSet<()>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (ear, said) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(ear);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let mut server = JoinSet::new();
        server.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, said, waiting: None, invocations: 0, _server: server })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// When the function asked for its next event. Waits until it has.
    pub(crate) async fn ready(&mut self) -> Result<Instant> {
        match self.said.recv().await {
            Some(Said::Ready(moment, waiting)) => {
                self.waiting = Some(waiting);
                Ok(moment)
            }
            Some(Said::Answered(_, answer) | Said::Failed(answer)) => Err(unasked(&answer)),
            None => Err("the Runtime API is gone".into()),
        }
    }

    /// Hands the event to the function, which must be [ready](Self::ready). Its answer, and how long it took.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<(Bytes, Duration)> {
        let waiting = self.waiting.take().ok_or("the function asked for no event")?;
        self.invocations += 1;
        let begun = Instant::now();
        waiting.send((self.invocations, event)).map_err(|_| "the function hung up")?;
        match self.said.recv().await {
            Some(Said::Answered(moment, answer)) => Ok((answer, moment.duration_since(begun))),
            Some(Said::Failed(answer)) => Err(unasked(&answer)),
            Some(Said::Ready(..)) => Err("the function asked for an event before it answered the last".into()),
            None => Err("the Runtime API is gone".into()),
        }
    }
}

fn unasked(answer: &[u8]) -> crate::Error {
    format!("the function said: {}", String::from_utf8_lossy(answer)).into()
}

async fn next(State(ear): State<Ear>) -> Response {
    let (hand_out, event) = oneshot::channel();
    // Nobody listens once the bench is done with the function.
    let _ = ear.send(Said::Ready(Instant::now(), hand_out));
    let Ok((number, event)) = event.await else { return StatusCode::GONE.into_response() };
    let id = format!("{number:08}-0000-4000-8000-000000000000");
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", &id),
        ("lambda-runtime-deadline-ms", DEADLINE),
        ("lambda-runtime-invoked-function-arn", FUNCTION),
        ("lambda-runtime-trace-id", TRACE),
    ];
    (headers, event).into_response()
}

async fn answered(State(ear): State<Ear>, answer: Bytes) -> impl IntoResponse {
    let _ = ear.send(Said::Answered(Instant::now(), answer));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

async fn failed(State(ear): State<Ear>, answer: Bytes) -> impl IntoResponse {
    let _ = ear.send(Said::Failed(answer));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}
