//! The log of the functions: every line of every test in this process.

use std::{
    collections::HashMap,
    io,
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing::{Level, Metadata};
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, fmt::MakeWriter, layer::SubscriberExt};

static LOG: Mutex<Option<Log>> = Mutex::new(None);
static KEPT: Once = Once::new();
static TALKATIVE: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    /// The number of lines of each failure, by its ID.
    failures: HashMap<String, usize>,
}

/// Keeps all lines from now on. A process can have one subscriber, so the tests share it.
pub(super) fn keep() {
    KEPT.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_writer(Writer);
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(dynamic_filter_fn(|of, _| is_kept(of))));
        tracing::subscriber::set_global_default(subscriber).expect("no other subscriber");
    });
}

/// Returns every line so far.
pub(crate) fn log_lines() -> Vec<String> {
    log().as_ref().map(|log| log.lines.clone()).unwrap_or_default()
}

/// Returns the number of lines of the failure with this ID.
pub(crate) fn times_logged(error_id: &str) -> usize {
    log().as_ref().and_then(|log| log.failures.get(error_id)).copied().unwrap_or_default()
}

fn log() -> MutexGuard<'static, Option<Log>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Our own crates log everything. Others are silent unless a test wants their lines.
fn is_kept(of: &Metadata<'_>) -> bool {
    let theirs = ["aws_", "dynoxide", "h2", "hyper", "mio", "reqwest", "rustls", "tokio", "tower"];
    let is_ours = !theirs.iter().any(|name| of.target().starts_with(name));
    is_ours || *of.level() <= Level::DEBUG && TALKATIVE.load(Ordering::SeqCst) > 0
}

/// While this value lives, all crates log, up to the level that the template's `LogLevel` allows.
pub(crate) struct Talkative(());

impl Talkative {
    pub(crate) fn begin() -> Self {
        TALKATIVE.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        TALKATIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Receives each event in one call.
#[derive(Clone, Copy)]
struct Writer;

impl io::Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).into_owned();
        let mut log = log();
        let log = log.get_or_insert_default();
        if let Some((_, rest)) = text.split_once("error_id=") {
            let id = rest.split_whitespace().next().unwrap_or_default().to_owned();
            *log.failures.entry(id).or_default() += 1;
        }
        log.lines.push(text);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
