//! Keeps the pages of websites away from the database.
//!
//! dynoxide serves requests for any host. A website can therefore let its own name mean 127.0.0.1,
//! and its pages then read and write the database (DNS rebinding).

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use shared::runtime::entropy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::pages::is_local;

/// Returns an address of this machine for the unguarded database. Linux has sixteen million of
/// them, so that no website finds it.
pub(super) fn hidden_address() -> Ipv4Addr {
    let [b, c, d] = entropy::bytes();
    if cfg!(target_os = "linux") { Ipv4Addr::new(127, b, c, d | 1) } else { Ipv4Addr::LOCALHOST }
}

/// Passes the requests of local clients on to the database, until the task is dropped.
pub(super) async fn serve(listener: TcpListener, database: SocketAddr) {
    loop {
        // A failed connection is of no interest to the others.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass_on(stream, database));
        }
    }
}

/// Serves a connection, with a connection of its own to the database.
async fn pass_on(stream: TcpStream, database: SocketAddr) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let upstream = TcpStream::connect(database).await?;
    for stream in [&stream, &upstream] {
        stream.set_nodelay(true)?;
    }
    let (database, connection) = client::handshake(TokioIo::new(upstream)).await?;
    tokio::spawn(connection);
    let database = Mutex::new(database);
    let answer = service_fn(async |request| {
        if is_local(hyper::Request::headers(&request)) {
            let response = database.lock().await.send_request(request).await?;
            return Ok::<_, hyper::Error>(response.map(Body::new));
        }
        let mut refusal = Response::new(Body::empty());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Ok(refusal)
    });
    server::Builder::new().serve_connection(TokioIo::new(stream), answer).await?;
    Ok(())
}
