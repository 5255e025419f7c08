//! The program of `cargo run`, killed with SIGKILL while clients use it. After a restart with the
//! same data, all that it acknowledged is stored, every other request took effect completely or not
//! at all, and every pending email is sent.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use local::Data;
use tokio::sync::watch;

use super::{
    Process,
    journey::{Journey, Lost},
};
use crate::support::{Product, Settings, counted};

/// The number of times that the program is killed.
const KILLS: usize = 24;

/// The number of clients, which send requests as fast as possible.
const CLIENTS: usize = 4;

/// A temporary directory, which is removed on drop.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The running program, and the URL of its API.
struct Program {
    process: Process,
    api: String,
}

impl Program {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-crash-target"));
        let command = command.args(["--port", "0", "--dynamodb-port", "0", "--data"]).arg(directory);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut lines = output.lines().map(|line| line.expect("a line"));
        let line = lines.find(|line| line.starts_with("API")).expect("the URL of the API");
        let api = line.trim_start_matches("API").trim().to_owned();
        lines.find(|line| line.contains("Ctrl-C")).expect("the program is ready");
        Self { process: Process(child), api }
    }
}

/// Runs journeys until the program has acknowledged this many requests, and then kills it.
async fn run_until_killed(directory: &Path, acknowledged: usize) -> Vec<Journey> {
    let mut program = Program::start(directory);
    let count = Arc::new(watch::Sender::new(0));
    let run = || {
        let (api, count) = (program.api.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            let mut journeys = Vec::new();
            loop {
                let mut journey = Journey::begin();
                let end = journey.run(&api, || count.send_modify(|count| *count += 1)).await;
                journeys.push(journey);
                if let Err(Lost) = end {
                    return journeys;
                }
            }
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(|_| run()).collect();
    count.subscribe().wait_for(|count| *count >= acknowledged).await.expect("clients");
    program.process.kill();
    let journeys = join_all(clients).await;
    journeys.into_iter().flat_map(|journeys| journeys.expect("no panic")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeatedly_killed_process_keeps_all_that_it_acknowledged() {
    let directory = Directory(std::env::temp_dir().join(format!("latchkey-{}", uuid::Uuid::new_v4())));
    let mut all: Vec<Journey> = Vec::new();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        // Kill it after 1 to 41 responses, in a mixed order.
        let mut journeys = run_until_killed(&directory.0, 1 + kill * 17 % 41).await;

        let data = Data::Directory(directory.0.clone());
        let product = Product::start(Settings { data, ..Settings::default() }).await;
        // The leases that the killed process held expire.
        product.pass(Duration::from_secs(31));
        product.stack.delivered().await;
        let items = product.contents().await;
        product.check_invariants_of(&items);
        for journey in &mut journeys {
            journey.assert_codes_were_sent(&items);
            interrupted += usize::from(journey.retry(&product).await);
            journey.assert_is_stored(&product).await;
        }
        all.extend(journeys);
        if kill == KILLS - 1 {
            for journey in &all {
                journey.assert_is_stored(&product).await;
            }
            product.check_invariants().await;
        }
        product.stack.shutdown().await;
    }
    // Only some of the kills interrupt a request.
    assert!(interrupted >= KILLS / 4, "{interrupted}");
    counted(format_args!("the program killed {KILLS} times, {interrupted} requests interrupted"));
}
