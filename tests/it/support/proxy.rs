//! A proxy between the functions and DynamoDB, or SES: it remembers what went by, and lets go wrong what it is told to.

mod call;
mod fault;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::RequestBuilder;
use tokio::sync::watch;

pub(crate) use call::Call;
pub(crate) use fault::{End, Fault, failing};

use super::{Answer, Product};

/// What goes wrong with a call, if anything does.
type Decide = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// The proxy, until it is dropped with its test.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    decide: Mutex<Decide>,
    /// Tells whoever is held that something else is decided now.
    decided: watch::Sender<()>,
    /// Calls that went wrong since the last decision.
    sprung: Mutex<Vec<Call>>,
    calls: Mutex<Vec<Call>>,
    /// How many of them were left without an answer.
    silences: watch::Sender<usize>,
    /// How many connections and calls there are.
    open: watch::Sender<usize>,
    hung_up: watch::Sender<()>,
}

impl Proxy {
    /// Listens; leads nowhere until [`Proxy::lead_to`].
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Shared {
            upstream: OnceLock::new(),
            http: reqwest::Client::new(),
            decide: Mutex::new(Box::new(|_| None)),
            decided: watch::Sender::default(),
            sprung: Mutex::default(),
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
        self.lead_to_url(product.dynamodb_url());
    }

    /// From now on, mails go through to that product's SES.
    pub(crate) fn lead_to_ses(&self, product: &Product) {
        self.lead_to_url(product.stack.api_url());
    }

    fn lead_to_url(&self, url: &str) {
        self.state.upstream.set(url.to_owned()).expect("led nowhere yet");
    }

    /// From now on, this says what goes wrong.
    pub(crate) fn decide(&self, decide: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        let mut decides = unpoisoned(&self.state.decide);
        *decides = Box::new(decide);
        unpoisoned(&self.state.sprung).clear();
        self.state.silences.send_replace(0);
        self.state.decided.send_replace(());
    }

    /// From now on, nothing goes wrong.
    pub(crate) fn mend(&self) {
        self.decide(|_| None);
    }

    /// From now on, calls of that [`site`](Call::site) go wrong: so many of them.
    pub(crate) fn set_trap(&self, site: &str, fault: Fault, times: usize) {
        let (site, mut left) = (site.to_owned(), times);
        self.decide(move |call| {
            let goes_wrong = left > 0 && call.site() == site;
            left -= usize::from(goes_wrong);
            goes_wrong.then_some(fault)
        });
    }

    /// From now on, nothing goes wrong. The calls that did.
    pub(crate) fn take_trap(&self) -> Vec<Call> {
        let sprung = std::mem::take(&mut *unpoisoned(&self.state.sprung));
        self.mend();
        sprung
    }

    /// Waits until a call was left without an answer.
    pub(crate) async fn silence(&self) {
        self.state.silences.subscribe().wait_for(|silences| *silences > 0).await.expect("a proxy");
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
        let mut decide = unpoisoned(&self.decide);
        let fault = decide(call);
        if fault.is_some() {
            unpoisoned(&self.sprung).push(call.clone());
        }
        fault
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
