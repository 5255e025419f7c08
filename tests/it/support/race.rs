//! Concurrent requests.

use std::{collections::BTreeMap, net::IpAddr, ops::Range, sync::Arc};

use futures_util::future::join_all;
use hyper::{client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use reqwest::{Body, RequestBuilder};
use tokio::{
    net::TcpSocket,
    sync::{Barrier, Mutex},
};

use super::{
    Answer, Product, Settings,
    jitter::{Jitter, Racing},
    product_with,
};

/// The number of requests in a race of many.
pub(crate) const MANY: usize = 64;

/// The number of rounds of each race, so that all races together take no more than a few minutes.
/// `RACE_ROUNDS=50 cargo test races` runs each race fifty times.
const ROUNDS: usize = 3;

/// Runs all rounds of a race, at most `at_a_time` on one product, with jitter between the functions
/// and DynamoDB.
pub(crate) async fn in_rounds(
    at_a_time: usize,
    settings: impl Fn() -> Settings,
    race: impl AsyncFn(&Product, Range<usize>),
) {
    let all = rounds();
    for first in (0..all).step_by(at_a_time) {
        let jitter = Jitter::start(u64::try_from(first).expect("a seed")).await;
        product_with(jitter.before(settings()), async |product| {
            jitter.lead_to(product);
            race(product, first..all.min(first + at_a_time)).await;
        })
        .await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of the person who runs the tests")]
fn rounds() -> usize {
    std::env::var("RACE_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// An open connection to the API that has no other user.
pub(crate) struct Connection {
    sender: http1::SendRequest<Body>,
    host: String,
}

impl Connection {
    async fn open(product: &Product, source: IpAddr) -> Self {
        let host = product.stack.api_url().strip_prefix("http://").expect("HTTP").to_owned();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address of this machine");
        let stream = socket.connect(host.parse().expect("an address")).await.expect("a connection");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { sender, host }
    }

    /// Sends a request over this connection.
    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let url = request.url();
        let query = url.query().map_or(String::new(), |query| format!("?{query}"));
        let target = format!("{}{query}", url.path()).parse().expect("a path");
        let mut request = hyper::Request::try_from(request).expect("a request");
        *request.uri_mut() = target;
        request.headers_mut().insert(HOST, self.host.parse().expect("a host"));
        self.sender.ready().await.expect("an open connection");
        let response = self.sender.send_request(request).await.expect("a response");
        Answer::read(response.map(Body::wrap).into()).await
    }
}

impl Product {
    /// Opens a number of connections.
    pub(crate) async fn connections(&self, many: usize) -> Vec<Connection> {
        self.connections_from((0..many).map(|_| [127, 0, 0, 1])).await
    }

    /// Opens a connection from each of these addresses of this machine.
    pub(crate) async fn connections_from(&self, sources: impl Iterator<Item = [u8; 4]>) -> Vec<Connection> {
        join_all(sources.map(|source| Connection::open(self, source.into()))).await
    }

    /// Sends requests at once, each over a connection of its own. Returns the responses in order.
    pub(crate) async fn race(&self, requests: Vec<RequestBuilder>) -> Vec<Answer> {
        let connections = self.connections(requests.len()).await;
        race_over(connections, requests).await
    }
}

/// Sends requests at once, each over the connection at the same position.
pub(crate) async fn race_over(connections: Vec<Connection>, requests: Vec<RequestBuilder>) -> Vec<Answer> {
    let racers = connections.into_iter().zip(requests);
    together(racers.map(|(mut connection, request)| async move { connection.send(request).await })).await
}

/// Allows one race at a time. Two would slow each other down, so that a busy machine looks like a
/// busy DynamoDB.
static TRACK: Mutex<()> = Mutex::const_new(());

/// Runs futures as tasks that begin at the same time.
pub(crate) async fn together<T: Send + 'static>(
    racers: impl IntoIterator<Item: Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let _alone = TRACK.lock().await;
    let _jitter = Racing::begin();
    let racers: Vec<_> = racers.into_iter().collect();
    let start = Arc::new(Barrier::new(racers.len()));
    let begin = |racer| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            racer.await
        })
    };
    let ends = join_all(racers.into_iter().map(begin)).await;
    ends.into_iter().map(|end| end.expect("a racer without a panic")).collect()
}

/// Asserts that `winners` requests succeeded and the others were refused with the status `loss`. A
/// request with a 503 response may have succeeded or not: a busy machine looks like a busy
/// DynamoDB.
#[track_caller]
pub(crate) fn won(answers: &[Answer], winners: usize, loss: u16) {
    let counts = statuses(answers);
    let count = |status: u16| counts.get(&status).copied().unwrap_or_default();
    assert!((count(202)..=count(202) + count(503)).contains(&winners), "{counts:?}");
    assert!(counts.keys().all(|status| [202, loss, 503].contains(status)), "{counts:?}");
}

/// Counts the responses by status.
pub(crate) fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}
