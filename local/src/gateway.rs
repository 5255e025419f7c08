//! API Gateway: the template's routes, from HTTP to events and back.

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

/// API Gateway's limits.
const BODY_BYTES: usize = 10 * 1024 * 1024;
const HEAD_BYTES: usize = 10_240;

/// More requests than can ever be under way: they are counted, not limited.
pub(crate) const REQUESTS: u32 = u32::MAX >> 3;

/// What a request needs.
pub(crate) struct Gateway {
    pub(crate) routes: Routes,
    pub(crate) cors: Option<Cors>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) clock: Clock,
    /// The port that clients reach, for `x-forwarded-port`.
    pub(crate) port: u16,
    /// Wakes the stream's readers.
    pub(crate) wake: watch::Sender<()>,
    /// One permit for each request under way. A stack that shuts down takes them all.
    pub(crate) under_way: Arc<Semaphore>,
}

/// Answers any request that is not for the stack's own pages.
pub(crate) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let Ok(_permit) = gateway.under_way.try_acquire() else {
        return reply::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    };
    let (head, body) = request.into_parts();
    let headers = head.headers.clone();
    let (Ok(mut response) | Err(mut response)) = gateway.answer(peer, head, body).await;
    if let Some(cors) = &gateway.cors {
        cors.permit(&headers, &mut response);
    }
    response
}

impl Gateway {
    async fn answer(&self, peer: SocketAddr, head: Parts, body: Body) -> Result<Response, Response> {
        if head_bytes(&head) > HEAD_BYTES {
            return Err(reply::head_too_large(HEAD_BYTES));
        }
        if let Some(response) = self.cors.as_ref().and_then(|cors| cors.preflight(&head)) {
            return Ok(response);
        }
        let route = self.routes.find(&head.method, head.uri.path());
        let route = route.ok_or_else(|| reply::message(StatusCode::NOT_FOUND, "Not Found"))?;
        let body = to_bytes(body, BODY_BYTES)
            .await
            .map_err(|_| reply::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))?;
        let request_id = event::request_id();
        let event = event::Arrival {
            head: &head,
            body: &body,
            peer,
            port: self.port,
            route: &route,
            request_id: &request_id,
            milliseconds: self.clock.now_in_milliseconds(),
        }
        .event();

        let answer = match to_raw_value(&event) {
            Ok(event) => self.functions.invoke(route.function, event).await,
            Err(error) => Err(InvokeError::Crashed(route.function.to_owned(), error.to_string())),
        };
        self.wake.send_replace(());
        let response =
            answer.map_err(|error| error.to_string()).and_then(|answer| reply::from_proxy(&answer, &request_id));
        response.map_err(|problem| {
            tracing::error!(function = route.function, "no usable answer: {problem}");
            reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        })
    }
}

/// The size of the request line and the headers, as they were sent.
fn head_bytes(head: &Parts) -> usize {
    let line = head.method.as_str().len() + head.uri.to_string().len() + "  HTTP/1.1\r\n".len();
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}
