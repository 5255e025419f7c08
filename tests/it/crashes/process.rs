//! The program of `cargo run` itself, killed in the middle of its work (SIGKILL): what it acknowledged is there when its data is opened
//! again, what it did not answer was done or never begun, and every mail that it owes goes out.

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

/// How often it is killed.
const KILLS: usize = 24;

/// Clients who use it at full speed.
const CLIENTS: usize = 4;

/// A directory of its own, gone when the test is.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, and where its API is.
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
        let line = lines.find(|line| line.starts_with("API")).expect("it says where it is");
        let api = line.trim_start_matches("API").trim().to_owned();
        lines.find(|line| line.contains("Ctrl-C")).expect("it is ready");
        Self { process: Process(child), api }
    }
}

/// Lets clients go on with their journeys until the process is killed: once it has acknowledged so much.
async fn use_until_killed(directory: &Path, acknowledged: usize) -> Vec<Journey> {
    let mut program = Program::start(directory);
    let count = Arc::new(watch::Sender::new(0));
    let travel = || {
        let (api, count) = (program.api.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            let mut journeys = Vec::new();
            loop {
                let mut journey = Journey::begin();
                let end = journey.travel(&api, || count.send_modify(|count| *count += 1)).await;
                journeys.push(journey);
                if let Err(Lost) = end {
                    return journeys;
                }
            }
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(|_| travel()).collect();
    count.subscribe().wait_for(|count| *count >= acknowledged).await.expect("clients");
    program.process.kill();
    let ends = join_all(clients).await;
    ends.into_iter().flat_map(|journeys| journeys.expect("no panic")).collect()
}

/// I11, I12, I13, I14.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_again_and_again_loses_nothing_that_it_acknowledged() {
    let directory = Directory(std::env::temp_dir().join(format!("latchkey-{}", uuid::Uuid::new_v4())));
    let mut all: Vec<Journey> = Vec::new();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        // From the first answer on, up to some forty later, in no order.
        let mut journeys = use_until_killed(&directory.0, 1 + kill * 17 % 41).await;

        let data = Data::Directory(directory.0.clone());
        let product = Product::start(Settings { data, ..Settings::default() }).await;
        // Whoever held the lease of a mail is dead, and so will his lease be.
        product.pass(Duration::from_secs(31));
        product.stack.delivered().await;
        let items = product.contents().await;
        product.check_invariants_of(&items);
        for journey in &mut journeys {
            journey.was_mailed_what_was_acknowledged(&items);
            interrupted += usize::from(journey.try_again(&product).await);
            journey.is_remembered(&product).await;
        }
        all.extend(journeys);
        if kill == KILLS - 1 {
            for journey in &all {
                journey.is_remembered(&product).await;
            }
            product.check_invariants().await;
        }
        product.stack.shutdown().await;
    }
    // Not each time, and by far not each client, but often enough in the middle of something.
    assert!(interrupted >= KILLS / 4, "{interrupted}");
    counted(format_args!("the program killed {KILLS} times, {interrupted} requests interrupted"));
}
