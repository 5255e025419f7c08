//! `cargo run -p bench`: what the functions take when they run as Lambda runs them, as a table in Markdown.
//!
//! Every release binary gets a Runtime API, a DynamoDB and an SES of its own, both behind TLS 1.3, and events that go well. What depends
//! on the machine's load is a median; what doesn't is held by `--gates` (gates.rs). `bench load` is about the local stack (load.rs).

mod binaries;
mod certificates;
mod events;
mod gates;
mod load;
mod measure;
mod meter;
mod people;
mod process;
mod proxy;
mod runtime_api;
mod table;

use std::{
    io::{self, Write},
    process::{ExitCode, Stdio},
};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use tokio::process::Command;

use crate::{binaries::NAMES, certificates::Certificates};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

/// What is beyond its gate because the machine was busy isn't so every time.
const ATTEMPTS: usize = 3;

/// Measures the release binaries of the functions: size, time, instructions, memory, calls of DynamoDB.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,

    /// Those to measure; all, with two that nothing can be below, if none is named
    #[arg(value_parser = PossibleValuesParser::new(NAMES))]
    functions: Vec<String>,

    /// Fail if a function takes more than it may
    #[arg(long)]
    gates: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Measures the local stack instead: requests per second, latency, CPU time
    Load,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = tokio::select! {
        ended = run(arguments) => ended,
        told = told_to_stop() => told.and(Err("stopped".into())),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    if let Some(Action::Load) = arguments.command {
        return load::run().await;
    }
    let names = if arguments.functions.is_empty() { NAMES.map(str::to_owned).into() } else { arguments.functions };
    let with_valgrind = has_valgrind().await;
    if arguments.gates && !with_valgrind {
        return Err("the gates are about instructions, which valgrind counts: install it".into());
    }
    let binaries = binaries::build(&names).await?;
    let certificates = Certificates::make()?;
    let mut measured = Vec::new();
    for name in &names {
        writeln!(io::stderr(), "measuring {name}")?;
        let binary = binaries.get(name).ok_or_else(|| format!("{name} was not built"))?;
        let mut one = measure::measure(name, binary, &certificates, with_valgrind).await?;
        for _ in 1..ATTEMPTS {
            if !arguments.gates || gates::beyond(&one).is_empty() {
                break;
            }
            writeln!(io::stderr(), "measuring {name} again")?;
            one = measure::measure(name, binary, &certificates, with_valgrind).await?;
        }
        measured.push(one);
    }
    io::stdout().write_all(table::markdown(&measured).as_bytes())?;
    if arguments.gates { gates::hold(&measured) } else { Ok(()) }
}

async fn has_valgrind() -> bool {
    let asked = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    asked.is_ok_and(|status| status.success())
}

/// Ctrl-C, and SIGTERM where there is such a thing: what was started is ended then, too.
async fn told_to_stop() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}
