//! A proxy between the functions and DynamoDB: it remembers what went by, and lets go wrong what it is told to.

mod call;
mod fault;
mod server;

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use reqwest::RequestBuilder;
use tokio::sync::watch;

pub(crate) use call::Call;
pub(crate) use fault::{End, Fault};

use super::{Answer, Product};
use fault::Trap;

/// The proxy, until it is dropped with its test.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    delay: Duration,
    refused: Mutex<Option<&'static str>>,
    trap: Mutex<Option<Trap>>,
    stale: OnceLock<()>,
    calls: Mutex<Vec<Call>>,
    /// How many calls were left without an answer.
    silences: watch::Sender<usize>,
    /// How many connections and calls there are.
    open: watch::Sender<usize>,
    hung_up: watch::Sender<()>,
}

impl Proxy {
    /// Listens; leads nowhere until [`Proxy::lead_to`].
    pub(crate) async fn start(delay: Duration) -> Self {
        let state = Arc::new(Shared {
            upstream: OnceLock::new(),
            http: reqwest::Client::new(),
            delay,
            refused: Mutex::default(),
            trap: Mutex::default(),
            stale: OnceLock::new(),
            calls: Mutex::default(),
            silences: watch::Sender::default(),
            open: watch::Sender::default(),
            hung_up: watch::Sender::default(),
        });
        let url = server::listen(Arc::clone(&state)).await;
        Self { url, state }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, calls go through to that product's DynamoDB.
    pub(crate) fn lead_to(&self, product: &Product) {
        self.state.upstream.set(product.dynamodb_url().to_owned()).expect("led nowhere yet");
    }

    /// From now on, DynamoDB fails in this operation, or again in none.
    pub(crate) fn refuse(&self, operation: Option<&'static str>) {
        *unpoisoned(&self.state.refused) = operation;
    }

    /// From now on, calls of that [`site`](Call::site) go wrong: so many of them.
    pub(crate) fn set_trap(&self, site: &str, fault: Fault, times: usize) {
        *unpoisoned(&self.state.trap) = Some(Trap::new(site, fault, times));
    }

    /// From now on, nothing goes wrong. The calls that did.
    pub(crate) fn take_trap(&self) -> Vec<Call> {
        unpoisoned(&self.state.trap).take().map(Trap::sprung).unwrap_or_default()
    }

    /// From now on, who doesn't ask for a consistent read sees the table as it was before anything was written: as late as a replica
    /// can be.
    pub(crate) fn let_reads_be_stale(&self) {
        self.state.stale.get_or_init(|| ());
    }

    /// Waits until so many calls in all were left without an answer.
    pub(crate) async fn silence(&self, number: usize) {
        self.state.silences.subscribe().wait_for(|silences| *silences >= number).await.expect("a proxy");
    }

    /// Hangs up on everybody, once what was passed on is done: nobody who called so far will change anything any more.
    pub(crate) async fn hang_up(&self) {
        // Callers are let in one after the other: after this one, all who came before are in.
        self.state.http.get(&self.url).send().await.expect("an answer");
        self.state.hung_up.send_replace(());
        self.state.open.subscribe().wait_for(|open| *open == 0).await.expect("a proxy");
    }

    /// What was passed on since the last time, in the order in which it began.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        let mut calls = std::mem::take(&mut *unpoisoned(&self.state.calls));
        calls.sort_by_key(|call| call.began);
        calls
    }
}

impl Shared {
    fn remember(&self, call: Call) {
        unpoisoned(&self.calls).push(call);
    }

    fn spring(&self, call: &Call) -> Option<Fault> {
        if *unpoisoned(&self.refused) == Some(call.operation.as_str()) {
            return Some(Fault::Before(End::Error(500, "InternalServerError")));
        }
        unpoisoned(&self.trap).as_mut().and_then(|trap| trap.spring(call))
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Product {
    /// Sends a request and returns the answer with the calls that the endpoint made for it.
    pub(crate) async fn watch(&self, proxy: &Proxy, request: RequestBuilder) -> (Answer, Vec<Call>) {
        self.delivered().await;
        proxy.take_calls();
        let answer = self.send(request).await;
        self.delivered().await;
        (answer, Call::without_send_mail(proxy.take_calls()))
    }
}
