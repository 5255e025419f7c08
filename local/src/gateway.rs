//! API Gateway: turns HTTP requests for the template's routes into events, and the functions'
//! responses into HTTP.

mod cors;
mod event;
mod reply;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::value::to_raw_value;
use tokio::sync::{Semaphore, watch};

pub(crate) use routes::Routes;

use crate::clock::Clock;
use crate::error::InvokeError;
use crate::functions::Functions;
use crate::template::Cors;

/// API Gateway's limit for a request body.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// API Gateway's limit for the request line and the headers.
const MAX_HEAD_BYTES: usize = 10_240;

/// The number of permits for concurrent requests. It is far more than there can be, because the
/// permits serve to count requests and not to limit them.
pub(crate) const MAX_REQUESTS: u32 = u32::MAX >> 3;

/// The state shared by all requests.
pub(crate) struct Gateway {
    pub(crate) routes: Routes,
    pub(crate) cors: Option<Cors>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) clock: Clock,
    /// The port that clients connect to, for `x-forwarded-port`.
    pub(crate) port: u16,
    /// Wakes the readers of the stream.
    pub(crate) wake: watch::Sender<()>,
    /// One permit for each request in flight. A stack that shuts down acquires them all.
    pub(crate) in_flight: Arc<Semaphore>,
}

/// Handles every request that is not for one of the stack's own pages.
pub(crate) async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let Ok(_permit) = gateway.in_flight.try_acquire() else {
        return reply::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    };
    let (head, body) = request.into_parts();
    let headers = head.headers.clone();
    let (Ok(mut response) | Err(mut response)) = gateway.handle(peer, head, body).await;
    if let Some(cors) = &gateway.cors {
        cors.permit(&headers, &mut response);
    }
    response
}

impl Gateway {
    async fn handle(&self, peer: SocketAddr, head: Parts, body: Body) -> Result<Response, Response> {
        if head_bytes(&head) > MAX_HEAD_BYTES {
            return Err(reply::head_too_large(MAX_HEAD_BYTES));
        }
        if let Some(response) = self.cors.as_ref().and_then(|cors| cors.preflight(&head)) {
            return Ok(response);
        }
        let route = self.routes.find(&head.method, head.uri.path());
        let route = route.ok_or_else(|| reply::message(StatusCode::NOT_FOUND, "Not Found"))?;
        let body = to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|_| reply::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))?;
        let request_id = event::request_id();
        let event = event::ReceivedRequest {
            head: &head,
            body: &body,
            peer,
            port: self.port,
            route: &route,
            request_id: &request_id,
            milliseconds: self.clock.now_in_milliseconds(),
        }
        .event();

        let result = match to_raw_value(&event) {
            Ok(event) => self.functions.invoke(route.function, event).await,
            Err(error) => Err(InvokeError::Crashed(route.function.to_owned(), error.to_string())),
        };
        self.wake.send_replace(());
        let response =
            result.map_err(|error| error.to_string()).and_then(|payload| reply::from_proxy(&payload, &request_id));
        response.map_err(|problem| {
            tracing::error!(function = route.function, "invalid response: {problem}");
            reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        })
    }
}

/// Returns the size of the request line and the headers as they were sent.
fn head_bytes(head: &Parts) -> usize {
    let line = head.method.as_str().len() + head.uri.to_string().len() + "  HTTP/1.1\r\n".len();
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}
