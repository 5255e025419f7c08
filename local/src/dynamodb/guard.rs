//! Keeps the pages of websites away from the database.
//!
//! dynoxide serves requests for any host. A website can therefore let its own name mean 127.0.0.1,
//! and its pages then read and write the database (DNS rebinding). The guard refuses a connection
//! whose first request is not for this machine; a browser never uses it for another host later.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use shared::runtime::entropy;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::pages::is_local;

const MAX_HEAD_BYTES: usize = 64 * 1024;

const REFUSAL: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Returns an address of this machine for the unguarded database. Linux has sixteen million of
/// them, so that no website finds it.
pub(super) fn hidden_address() -> Ipv4Addr {
    let [b, c, d] = entropy::bytes();
    if cfg!(target_os = "linux") { Ipv4Addr::new(127, b, c, d | 1) } else { Ipv4Addr::LOCALHOST }
}

/// Passes the connections of local clients on to the database, for ever.
pub(super) async fn serve(listener: TcpListener, database: SocketAddr) {
    loop {
        // A failed connection is of no interest to the others.
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, database));
        }
    }
}

async fn pass_on(mut client: TcpStream, database: SocketAddr) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    if !headers(&head).is_some_and(|headers| is_local(&headers)) {
        return client.write_all(REFUSAL).await;
    }
    let mut database = TcpStream::connect(database).await?;
    for stream in [&client, &database] {
        stream.set_nodelay(true)?;
    }
    database.write_all(&head).await?;
    copy_bidirectional(&mut client, &mut database).await?;
    Ok(())
}

/// Reads up to the end of the first request's head, and as much of its body as has arrived.
async fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") && read.len() < MAX_HEAD_BYTES {
        if client.read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok(read)
}

/// Returns the headers of a request, or `None` if it is not readable.
fn headers(head: &[u8]) -> Option<HeaderMap> {
    let end = head.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = std::str::from_utf8(head.get(..end)?).ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.parse::<HeaderName>().ok()?, value.trim().parse::<HeaderValue>().ok()?))
    };
    head.split("\r\n").skip(1).map(header).collect()
}
