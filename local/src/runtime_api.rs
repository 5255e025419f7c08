//! Lambda's Runtime API for a function that runs as its own process: hands out events and receives
//! responses.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// The values of the headers. They are as long as real ones and the same in each run, so that
/// parsing them always takes the same number of instructions.
const DEADLINE: &str = "4102444800000";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:local";
const TRACE: &str = "Root=1-69a55898-0b717a058023252b18031e58;Parent=0b717a0580232525;Sampled=0";

/// A request from the function, with the time at which it was received.
enum Message {
    /// The function requests an event, which is sent to this channel.
    Ready(Instant, oneshot::Sender<(u32, String)>),
    Responded(Instant, Bytes),
    Failed(Bytes),
}

type Messages = mpsc::UnboundedSender<Message>;

/// Lambda's Runtime API for one function, for tests and measurements that run its binary.
///
/// It stops when this is dropped.
pub struct RuntimeApi {
    address: String,
    messages: mpsc::UnboundedReceiver<Message>,
    waiting: Option<oneshot::Sender<(u32, String)>>,
    invocations: u32,
    _server: JoinSet<()>,
}

impl RuntimeApi {
    /// Starts on a free port.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> io::Result<Self> {
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
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the function requests its next event, and returns the time of the request.
    ///
    /// # Errors
    /// If the function reports an error instead.
    pub async fn ready(&mut self) -> io::Result<Instant> {
        match self.messages.recv().await {
            Some(Message::Ready(time, waiting)) => {
                self.waiting = Some(waiting);
                Ok(time)
            }
            Some(Message::Responded(_, body) | Message::Failed(body)) => Err(unexpected(&body)),
            None => Err(io::Error::other("the Runtime API has stopped")),
        }
    }

    /// Passes an event to the function, which must be [ready](Self::ready). Returns the response
    /// and the time that it took.
    ///
    /// # Errors
    /// If the function is not ready, closes the connection, or reports an error.
    pub async fn invoke(&mut self, event: String) -> io::Result<(Bytes, Duration)> {
        let waiting = self.waiting.take().ok_or_else(|| io::Error::other("the function has not requested an event"))?;
        self.invocations += 1;
        let start = Instant::now();
        waiting.send((self.invocations, event)).map_err(|_| io::Error::other("the function closed the connection"))?;
        match self.messages.recv().await {
            Some(Message::Responded(time, response)) => Ok((response, time.duration_since(start))),
            Some(Message::Failed(body)) => Err(unexpected(&body)),
            Some(Message::Ready(..)) => {
                Err(io::Error::other("the function requested an event before it responded to the last"))
            }
            None => Err(io::Error::other("the Runtime API has stopped")),
        }
    }
}

fn unexpected(body: &[u8]) -> io::Error {
    io::Error::other(format!("the function sent: {}", String::from_utf8_lossy(body)))
}

async fn next(State(messages): State<Messages>) -> Response {
    let (event_sender, event) = oneshot::channel();
    // Sending fails once the caller has finished with the function. That is no error.
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
