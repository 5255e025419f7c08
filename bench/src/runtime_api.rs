//! Lambda's Runtime API for one function: hands out events and receives responses.

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

/// The values of the headers. They are as long as real ones and the same in each run, so that
/// parsing them always takes the same number of instructions.
const DEADLINE: &str = "4102444800000";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:bench";
const TRACE: &str = "Root=1-69a55898-0b717a058023252b18031e58;Parent=0b717a0580232525;Sampled=0";

/// A request from the function, with the time at which it was received.
enum Message {
    /// The function requests an event, which is sent to this channel.
    Ready(Instant, oneshot::Sender<(u32, String)>),
    Responded(Instant, Bytes),
    Failed(Bytes),
}

type Messages = mpsc::UnboundedSender<Message>;

/// A running Runtime API, which stops when this is dropped.
pub(crate) struct RuntimeApi {
    address: String,
    messages: mpsc::UnboundedReceiver<Message>,
    waiting: Option<oneshot::Sender<(u32, String)>>,
    invocations: u32,
    _server: JoinSet<()>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (sender, messages) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(responded))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(sender);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let mut server = JoinSet::new();
        server.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, messages, waiting: None, invocations: 0, _server: server })
    }

    /// Returns the value for `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the function requests its next event, and returns the time of the request.
    pub(crate) async fn ready(&mut self) -> Result<Instant> {
        match self.messages.recv().await {
            Some(Message::Ready(time, waiting)) => {
                self.waiting = Some(waiting);
                Ok(time)
            }
            Some(Message::Responded(_, body) | Message::Failed(body)) => Err(unexpected(&body)),
            None => Err("the Runtime API has stopped".into()),
        }
    }

    /// Passes an event to the function, which must be [ready](Self::ready). Returns the response
    /// and the time that it took.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<(Bytes, Duration)> {
        let waiting = self.waiting.take().ok_or("the function has not requested an event")?;
        self.invocations += 1;
        let start = Instant::now();
        waiting.send((self.invocations, event)).map_err(|_| "the function closed the connection")?;
        match self.messages.recv().await {
            Some(Message::Responded(time, response)) => Ok((response, time.duration_since(start))),
            Some(Message::Failed(body)) => Err(unexpected(&body)),
            Some(Message::Ready(..)) => Err("the function requested an event before it responded to the last".into()),
            None => Err("the Runtime API has stopped".into()),
        }
    }
}

fn unexpected(body: &[u8]) -> crate::Error {
    format!("the function sent: {}", String::from_utf8_lossy(body)).into()
}

async fn next(State(messages): State<Messages>) -> Response {
    let (event_sender, event) = oneshot::channel();
    // Sending fails once the bench has finished with the function. That is no error.
    let _ = messages.send(Message::Ready(Instant::now(), event_sender));
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

async fn responded(State(messages): State<Messages>, body: Bytes) -> impl IntoResponse {
    let _ = messages.send(Message::Responded(Instant::now(), body));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

async fn failed(State(messages): State<Messages>, body: Bytes) -> impl IntoResponse {
    let _ = messages.send(Message::Failed(body));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}
