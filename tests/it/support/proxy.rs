//! A proxy between the functions and DynamoDB, or SES. It records the calls, and injects faults.

mod call;
mod fault;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::RequestBuilder;
use tokio::sync::watch;

pub(crate) use call::Call;
pub(crate) use fault::{End, Fault, failing};

use super::{Answer, Product};

/// Chooses the fault of a call, if any.
type Decide = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// The proxy, until it is dropped at the end of its test.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    decide: Mutex<Decide>,
    /// Notifies held calls that something else is decided.
    decided: watch::Sender<()>,
    /// The calls that had a fault since the last decision.
    sprung: Mutex<Vec<Call>>,
    calls: Mutex<Vec<Call>>,
    /// The number of calls that were left without a response.
    silences: watch::Sender<usize>,
    /// The number of connections and calls that are open.
    open: watch::Sender<usize>,
    hung_up: watch::Sender<()>,
}

impl Proxy {
    /// Listens. Needs [`Proxy::lead_to`] before the first call.
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

    /// Forwards calls to the DynamoDB of this product from now on.
    pub(crate) fn lead_to(&self, product: &Product) {
        self.lead_to_url(product.dynamodb_url());
    }

    /// Forwards emails to the SES of this product from now on.
    pub(crate) fn lead_to_ses(&self, product: &Product) {
        self.lead_to_url(product.stack.api_url());
    }

    fn lead_to_url(&self, url: &str) {
        self.state.upstream.set(url.to_owned()).expect("no destination was set before");
    }

    /// Chooses the faults with this function from now on.
    pub(crate) fn decide(&self, decide: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        let mut decides = unpoisoned(&self.state.decide);
        *decides = Box::new(decide);
        unpoisoned(&self.state.sprung).clear();
        self.state.silences.send_replace(0);
        self.state.decided.send_replace(());
    }

    /// Injects no faults from now on.
    pub(crate) fn mend(&self) {
        self.decide(|_| None);
    }

    /// Injects a fault into the next `times` calls of this [`site`](Call::site).
    pub(crate) fn set_trap(&self, site: &str, fault: Fault, times: usize) {
        let (site, mut left) = (site.to_owned(), times);
        self.decide(move |call| {
            let goes_wrong = left > 0 && call.site() == site;
            left -= usize::from(goes_wrong);
            goes_wrong.then_some(fault)
        });
    }

    /// Injects no faults from now on, and returns the calls that had one.
    pub(crate) fn take_trap(&self) -> Vec<Call> {
        let sprung = std::mem::take(&mut *unpoisoned(&self.state.sprung));
        self.mend();
        sprung
    }

    /// Waits until a call was left without a response.
    pub(crate) async fn silence(&self) {
        self.state.silences.subscribe().wait_for(|silences| *silences > 0).await.expect("a proxy");
    }

    /// Closes all connections after the calls that were forwarded: no earlier caller changes
    /// anything afterwards.
    pub(crate) async fn hang_up(&self) {
        // Connections are accepted in order: after this one, all earlier ones are open.
        self.state.http.get(&self.url).send().await.expect("a response");
        self.state.hung_up.send_replace(());
        self.state.open.subscribe().wait_for(|open| *open == 0).await.expect("a proxy");
    }

    /// Returns the calls that were forwarded since the last time, in the order in which they began.
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
    /// Sends a request. Returns the response with the calls that the endpoint made for it.
    pub(crate) async fn watch(&self, proxy: &Proxy, request: RequestBuilder) -> (Answer, Vec<Call>) {
        self.delivered().await;
        proxy.take_calls();
        let answer = self.send(request).await;
        self.delivered().await;
        (answer, Call::without_send_mail(proxy.take_calls()))
    }
}
