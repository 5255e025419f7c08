//! The whole stack: its parts brought up, wired together, and brought down in the right order.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, timeout};

use crate::clock::Clock;
use crate::data::{Data, Home};
use crate::dynamodb::DynamoDb;
use crate::error::{InvokeError, StartError};
use crate::event_bus::EventBus;
use crate::functions::{Endpoints, Functions};
use crate::gateway::{self, Gateway, REQUESTS, Routes};
use crate::outside;
use crate::pages::{self, Reference};
use crate::ses::{self, Inbox, Mail, Ses};
use crate::stream::Pump;
use crate::template::{self, Template};

/// DynamoDB takes up to two days over it; here expired items go within a minute.
const SWEEP: Duration = Duration::from_mins(1);

/// How long a stopping stack waits for what is under way: a function's longest answer, and then some.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the servers may take to close connections that nobody uses.
const CLOSING: Duration = Duration::from_secs(2);

/// SES takes mails of up to 40 MB.
const MAIL_BYTES: usize = 40 * 1024 * 1024;

/// How a stack is started. The default is one for tests: free ports, everything in memory, the template's defaults.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address to listen on; 127.0.0.1 if none, which nothing but this machine reaches.
    pub host: Option<IpAddr>,
    /// The API's port; 0 for any that is free.
    pub port: u16,
    /// DynamoDB's port; 0 for any that is free.
    pub dynamodb_port: u16,
    /// Where the table and the code key are kept.
    pub data: Data,
    /// Parameters of template.yaml by name, where not its defaults.
    pub parameters: BTreeMap<String, String>,
    /// Variables that win over every function's own environment, to put a proxy between it and DynamoDB, say;
    /// `create-user/NAME` sets one for that function alone.
    pub variables: BTreeMap<String, String>,
    /// The time in the stack.
    pub clock: Clock,
}

/// The running product. It stops when [`shut down`](Stack::shutdown), abruptly when dropped.
pub struct Stack {
    api_url: String,
    dynamodb_url: String,
    clock: Clock,
    inbox: Inbox,
    database: DynamoDb,
    functions: Arc<Functions>,
    under_way: Arc<Semaphore>,
    progress: Vec<watch::Receiver<Option<String>>>,
    wake: watch::Sender<()>,
    stop_pumps: watch::Sender<bool>,
    stop_servers: watch::Sender<bool>,
    pumps: JoinSet<()>,
    servers: JoinSet<()>,
    sweeper: JoinHandle<()>,
}

impl Stack {
    /// Brings the product up. It answers when this returns.
    ///
    /// # Errors
    /// If template.yaml, a parameter, a port, the data or a function's environment is not as it must be.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { host, port, dynamodb_port, data, parameters, variables, clock } = options;
        let host = host.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let api = listen(host, port, "--port").await?;
        let dynamodb = listen(host, dynamodb_port, "--dynamodb-port").await?;
        let (api_port, api_url) = address(&api);
        let (_, dynamodb_url) = address(&dynamodb);

        let home = Home::open(data)?;
        let template = Arc::new(Template::read(template::TEXT, &parameters, &home.code_key)?);
        let database = DynamoDb::open(&home, &template.table, &clock)?;
        let endpoints = Endpoints { dynamodb: dynamodb_url.clone(), sesv2: api_url.clone() };
        let functions = Arc::new(Functions::start(&template, &endpoints, &variables, &clock)?);
        if let Some(directory) = &home.directory {
            outside::write(directory, &functions.variables())?;
        }

        let (wake, woken) = watch::channel(());
        let (stop_pumps, stopped) = watch::channel(false);
        let mut pumps = JoinSet::new();
        let mut progress = Vec::new();
        for (function, source) in template.stream_readers() {
            let parts = (database.clone(), Arc::clone(&functions), woken.clone());
            let pump = Pump::new(function, source, home.directory.as_deref(), parts)?;
            progress.push(pump.progress());
            pumps.spawn(pump.run(stopped.clone()));
        }

        let under_way = Arc::new(Semaphore::new(REQUESTS as usize));
        let inbox = Inbox::default();
        let gateway = Gateway {
            routes: Routes::new(&template)?,
            cors: template.cors.clone(),
            functions: Arc::clone(&functions),
            clock: clock.clone(),
            port: api_port,
            wake: wake.clone(),
            under_way: Arc::clone(&under_way),
        };
        let events = EventBus::new(Arc::clone(&template), Arc::clone(&functions));
        let ses = Ses { inbox: inbox.clone(), clock: clock.clone(), events };
        let reference = Reference::new(&api_url, &dynamodb_url)?;

        let (stop_servers, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        servers.spawn(database.clone().serve(dynamodb, until(stopped.clone())));
        servers.spawn(serve(api, router(gateway, ses, reference), until(stopped.clone())));
        let sweeper = tokio::spawn(sweep_now_and_then(database.clone(), stopped));
        Ok(Self {
            api_url,
            dynamodb_url,
            clock,
            inbox,
            database,
            functions,
            under_way,
            progress,
            wake,
            stop_pumps,
            stop_servers,
            pumps,
            servers,
            sweeper,
        })
    }

    /// Where the API answers: `http://127.0.0.1:3000`, without a path.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Where DynamoDB answers.
    #[must_use]
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// The time in this stack.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The mails sent so far, oldest first; the newest thousand are kept.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.inbox.all()
    }

    /// Waits until everything that has been written by now has been mailed, if it asked for a mail, or was given up.
    pub async fn delivered(&self) {
        let Some(last) = self.database.last_sequence_number() else { return };
        // Whoever wrote past the API woke nobody.
        self.wake.send_replace(());
        for progress in &self.progress {
            // Sequence numbers are all of the same length. An error means that the pump has stopped.
            let reached = |position: &Option<String>| position.as_ref().is_some_and(|position| *position >= last);
            let _ = progress.clone().wait_for(reached).await;
        }
    }

    /// What a function of that name finds in its environment here, and would find in Lambda.
    #[must_use]
    pub fn environment(&self, function: &str) -> Option<&BTreeMap<String, String>> {
        self.functions.environment(function)
    }

    /// Runs a function with an event, past the API. Its answer is whatever it returns to Lambda.
    ///
    /// # Errors
    /// If there is no such function, or it panicked or timed out.
    pub async fn invoke(&self, function: &str, event: &RawValue) -> Result<Box<RawValue>, InvokeError> {
        self.functions.invoke(function, event.to_owned()).await
    }

    /// Deletes expired items now, and says how many. In a file, only the system's time counts, not the stack's clock.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sweep(&self) -> Result<usize, StartError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep().map_err(|error| error.to_string()));
        swept.await.unwrap_or_else(|error| Err(error.to_string())).map_err(StartError::Database)
    }

    /// Brings the product down: refuses new requests, lets those under way and the mails they caused finish, and closes
    /// the database.
    pub async fn shutdown(mut self) {
        // Once all permits are taken, no request is under way and none can begin. SES and DynamoDB still answer.
        let finished = timeout(PATIENCE, self.under_way.acquire_many(REQUESTS)).await;
        if finished.is_err() {
            tracing::warn!("stopped before all requests completed");
        }
        self.stop_pumps.send_replace(true);
        while self.pumps.join_next().await.is_some() {}
        self.stop_servers.send_replace(true);
        // Whatever still holds the database keeps others out of its directory.
        let _ = (&mut self.sweeper).await;
        let closed = timeout(CLOSING, async { while self.servers.join_next().await.is_some() {} }).await;
        if closed.is_err() {
            self.servers.shutdown().await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

fn router(gateway: Gateway, ses: Ses, reference: Reference) -> Router {
    let mails = Router::new()
        .route("/v2/email/outbound-emails", post(ses::send))
        .route("/_aws/ses", get(ses::list).delete(ses::clear))
        .layer(DefaultBodyLimit::max(MAIL_BYTES))
        .with_state(ses);
    Router::new()
        .merge(reference.routes())
        .route("/mailbox", get(pages::show_mailbox))
        .merge(mails)
        .route_layer(axum::middleware::from_fn(pages::guard))
        .fallback(gateway::answer)
        .with_state(Arc::new(gateway))
}

async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the API server failed");
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the stack is gone, which stops it too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn listen(host: IpAddr, port: u16, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind((host, port)).await.map_err(|error| {
        let problem = match error.kind() {
            ErrorKind::AddrNotAvailable => return StartError::Host(host),
            ErrorKind::AddrInUse => "is already in use".to_owned(),
            _ => format!("cannot be opened ({error})"),
        };
        StartError::Port { port, flag, problem }
    })
}

fn address(listener: &TcpListener) -> (u16, String) {
    // A listener that is bound has an address.
    let address = listener.local_addr().unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, 0).into());
    (address.port(), format!("http://{address}"))
}

async fn sweep_now_and_then(database: DynamoDb, stopped: watch::Receiver<bool>) {
    let mut ticks = interval(SWEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = until(stopped.clone()) => return,
        }
        let database = database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep()).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "could not delete expired items");
        }
    }
}
