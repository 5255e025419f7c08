//! A connection between the functions and DynamoDB that adds random delays while a race runs, so
//! that responses are not in the order of the requests.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Product, Settings};

/// The longest delays in microseconds: usually, and one time in sixteen.
const USUAL_DELAY: u32 = 4_000;
const RARE_DELAY: u32 = 40_000;

static RACING: AtomicBool = AtomicBool::new(false);

/// A race runs while this value lives. There is one race at a time.
pub(super) struct Racing(());

impl Racing {
    pub(super) fn begin() -> Self {
        RACING.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Racing {
    fn drop(&mut self) {
        RACING.store(false, Ordering::SeqCst);
    }
}

/// The connection, until it is dropped at the end of its test.
pub(crate) struct Jitter {
    url: String,
    upstream: Arc<OnceLock<String>>,
}

impl Jitter {
    /// Listens. Needs [`Jitter::lead_to`] before the first call. The same seed gives the same
    /// delays, connection by connection.
    pub(crate) async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = Arc::new(OnceLock::<String>::new());
        let leads_to = Arc::clone(&upstream);
        tokio::spawn(async move {
            let mut delays = StdRng::seed_from_u64(seed);
            while let Ok((client, _)) = listener.accept().await {
                let server = leads_to.get().expect("a destination was set").clone();
                let (there, back) = (StdRng::from_rng(&mut delays), StdRng::from_rng(&mut delays));
                tokio::spawn(forward(client, server, there, back));
            }
        });
        Self { url, upstream }
    }

    /// Forwards calls to the DynamoDB of this product from now on.
    pub(crate) fn lead_to(&self, product: &Product) {
        let address = product.stack.dynamodb_url().strip_prefix("http://").expect("HTTP");
        self.upstream.set(address.to_owned()).expect("no destination was set before");
    }

    /// Adds this connection to DynamoDB to some settings.
    pub(crate) fn before(&self, mut settings: Settings) -> Settings {
        settings.variables.push(("AWS_ENDPOINT_URL_DYNAMODB", self.url.clone()));
        settings
    }
}

/// Forwards one connection until either side closes it.
async fn forward(client: TcpStream, server: String, there: StdRng, back: StdRng) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((client_reads, client_writes), (server_reads, server_writes)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pass_on(client_reads, server_writes, there) => {}
        () = pass_on(server_reads, client_writes, back) => {}
    }
}

async fn pass_on(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, mut delays: StdRng) {
    let mut some = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut some).await {
        if RACING.load(Ordering::SeqCst) {
            let longest = if delays.random_ratio(1, 16) { RARE_DELAY } else { USUAL_DELAY };
            tokio::time::sleep(Duration::from_micros(delays.random_range(0..longest).into())).await;
        }
        if to.write_all(&some[..read]).await.is_err() {
            return;
        }
    }
}
