//! The whole stack: starts its parts, connects them, and stops them in the right order.

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
use crate::data::{Data, Storage};
use crate::dynamodb::DynamoDb;
use crate::env_files;
use crate::error::{InvokeError, StartError};
use crate::event_bus::EventBus;
use crate::functions::{Endpoints, Functions};
use crate::gateway::{self, Gateway, MAX_REQUESTS, Routes};
use crate::pages::{self, Reference};
use crate::ses::{self, Email, Inbox, Ses};
use crate::stream::Pump;
use crate::template::{self, Template};

/// Expired items are deleted every minute. DynamoDB may take up to two days.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// How long a stopping stack waits for requests in flight. It exceeds the timeout of the endpoints.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a stopping stack waits for the servers to close idle connections.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// SES accepts emails of up to 40 MB.
const MAX_EMAIL_BYTES: usize = 40 * 1024 * 1024;

/// The options of a stack. The default is suitable for tests: free ports, all data in memory, and
/// the template's defaults.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address to listen on. The default, 127.0.0.1, is reachable from this machine only.
    pub host: Option<IpAddr>,
    /// The API's port; 0 for any free port.
    pub port: u16,
    /// DynamoDB's port; 0 for any free port.
    pub dynamodb_port: u16,
    /// Where the table and the code key are stored.
    pub data: Data,
    /// Values for parameters of template.yaml, by name. The others have their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Variables that take precedence over the functions' environment, for example to put a proxy
    /// between them and DynamoDB. `create-user/NAME` sets a variable for that function only.
    pub variables: BTreeMap<String, String>,
    /// The stack's clock.
    pub clock: Clock,
}

/// The running product. It stops gracefully with [`shutdown`](Stack::shutdown), and abruptly when
/// it is dropped.
pub struct Stack {
    api_url: String,
    dynamodb_url: String,
    clock: Clock,
    inbox: Inbox,
    database: DynamoDb,
    functions: Arc<Functions>,
    in_flight: Arc<Semaphore>,
    progress: Vec<watch::Receiver<Option<String>>>,
    wake: watch::Sender<()>,
    stop_pumps: watch::Sender<bool>,
    stop_servers: watch::Sender<bool>,
    pumps: JoinSet<()>,
    servers: JoinSet<()>,
    sweeper: JoinHandle<()>,
}

impl Stack {
    /// Starts the product. It accepts requests when this returns.
    ///
    /// # Errors
    /// If template.yaml, a parameter, the host, a port, the data directory or a function's
    /// environment is invalid or cannot be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { host, port, dynamodb_port, data, parameters, variables, clock } = options;
        let host = host.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let api = listen(host, port, "--port").await?;
        let dynamodb = listen(host, dynamodb_port, "--dynamodb-port").await?;
        let (api_port, api_url) = address(&api);
        let (_, dynamodb_url) = address(&dynamodb);

        let storage = Storage::open(data)?;
        let template = Arc::new(Template::read(template::TEXT, &parameters, &storage.code_key)?);
        let database = DynamoDb::open(&storage, &template.table, &clock)?;
        let endpoints = Endpoints { dynamodb: dynamodb_url.clone(), sesv2: api_url.clone() };
        let functions = Arc::new(Functions::start(&template, &endpoints, &variables, &clock)?);
        if let Some(directory) = &storage.directory {
            env_files::write(directory, &functions.variables())?;
        }

        let (wake, woken) = watch::channel(());
        let (stop_pumps, stopped) = watch::channel(false);
        let mut pumps = JoinSet::new();
        let mut progress = Vec::new();
        for (function, source) in template.stream_readers() {
            let parts = (database.clone(), Arc::clone(&functions), woken.clone());
            let pump = Pump::new(function, source, storage.directory.as_deref(), parts)?;
            progress.push(pump.progress());
            pumps.spawn(pump.run(stopped.clone()));
        }

        let in_flight = Arc::new(Semaphore::new(MAX_REQUESTS as usize));
        let inbox = Inbox::default();
        let gateway = Gateway {
            routes: Routes::new(&template)?,
            cors: template.cors.clone(),
            functions: Arc::clone(&functions),
            clock: clock.clone(),
            port: api_port,
            wake: wake.clone(),
            in_flight: Arc::clone(&in_flight),
        };
        let events = EventBus::new(Arc::clone(&template), Arc::clone(&functions));
        let ses = Ses { inbox: inbox.clone(), clock: clock.clone(), events };
        let reference = Reference::new(&api_url, &dynamodb_url)?;

        let (stop_servers, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        servers.spawn(database.clone().serve(dynamodb, until(stopped.clone())));
        servers.spawn(serve(api, router(gateway, ses, reference), until(stopped.clone())));
        let sweeper = tokio::spawn(sweep_periodically(database.clone(), stopped));
        Ok(Self {
            api_url,
            dynamodb_url,
            clock,
            inbox,
            database,
            functions,
            in_flight,
            progress,
            wake,
            stop_pumps,
            stop_servers,
            pumps,
            servers,
            sweeper,
        })
    }

    /// Returns the URL of the API without a path, such as `http://127.0.0.1:3000`.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Returns the URL of DynamoDB.
    #[must_use]
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// Returns the stack's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the emails sent so far, oldest first. Only the newest thousand are kept.
    #[must_use]
    pub fn sent_emails(&self) -> Vec<Email> {
        self.inbox.all()
    }

    /// Waits until every email requested by an item written so far has been sent or given up.
    pub async fn delivered(&self) {
        let Some(last) = self.database.last_sequence_number() else { return };
        // Writes that bypass the API do not wake the pumps.
        self.wake.send_replace(());
        for progress in &self.progress {
            // All sequence numbers have the same length, so they can be compared as strings. An
            // error means that the pump has stopped.
            let reached = |position: &Option<String>| position.as_ref().is_some_and(|position| *position >= last);
            let _ = progress.clone().wait_for(reached).await;
        }
    }

    /// Returns the environment of a function, which is the one it would have in Lambda.
    #[must_use]
    pub fn environment(&self, function: &str) -> Option<&BTreeMap<String, String>> {
        self.functions.environment(function)
    }

    /// Invokes a function directly, without the API, and returns what it returns to Lambda.
    ///
    /// # Errors
    /// If there is no such function, or if it failed, panicked or timed out.
    pub async fn invoke(&self, function: &str, event: &RawValue) -> Result<Box<RawValue>, InvokeError> {
        self.functions.invoke(function, event.to_owned()).await
    }

    /// Deletes expired items now, and returns their number.
    ///
    /// For a database in a file, expiry depends on the system time and not on the stack's clock.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sweep(&self) -> Result<usize, StartError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep().map_err(|error| error.to_string()));
        swept.await.unwrap_or_else(|error| Err(error.to_string())).map_err(StartError::Database)
    }

    /// Stops the product: rejects new requests, waits for those in flight and for the emails they
    /// requested, and closes the database.
    pub async fn shutdown(mut self) {
        // Once all permits are acquired, no request is in flight and none can start. SES and
        // DynamoDB are still running.
        let finished = timeout(DRAIN_TIMEOUT, self.in_flight.acquire_many(MAX_REQUESTS)).await;
        if finished.is_err() {
            tracing::warn!("stopped before all requests completed");
        }
        self.stop_pumps.send_replace(true);
        while self.pumps.join_next().await.is_some() {}
        self.stop_servers.send_replace(true);
        // Any task that still holds the database would keep its directory locked.
        let _ = (&mut self.sweeper).await;
        let closed = timeout(CLOSE_TIMEOUT, async { while self.servers.join_next().await.is_some() {} }).await;
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
    let emails = Router::new()
        .route("/v2/email/outbound-emails", post(ses::send))
        .route("/_aws/ses", get(ses::list).delete(ses::clear))
        .layer(DefaultBodyLimit::max(MAX_EMAIL_BYTES))
        .with_state(ses);
    Router::new()
        .merge(reference.routes())
        .route("/mailbox", get(pages::show_mailbox))
        .merge(emails)
        .route_layer(axum::middleware::from_fn(pages::guard))
        .fallback(gateway::handle)
        .with_state(Arc::new(gateway))
}

async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the API server failed");
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the stack was dropped, which is a reason to stop as well.
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
    // A bound listener always has an address, so the fallback is never used.
    let address = listener.local_addr().unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, 0).into());
    (address.port(), format!("http://{address}"))
}

async fn sweep_periodically(database: DynamoDb, stopped: watch::Receiver<bool>) {
    let mut ticks = interval(SWEEP_INTERVAL);
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
