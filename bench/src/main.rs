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
mod valgrind;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{binaries::NAMES, certificates::Certificates, valgrind::Valgrind};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

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
    let valgrind = Valgrind::find().await?;
    if arguments.gates && valgrind.is_none() {
        return Err("the gates are about instructions, which valgrind counts: install it".into());
    }
    let binaries = binaries::build(&names).await?;
    let certificates = Certificates::make()?;
    let mut measured = Vec::new();
    for name in &names {
        writeln!(io::stderr(), "measuring {name}")?;
        let binary = binaries.get(name).ok_or_else(|| format!("{name} was not built"))?;
        measured.push(measure::measure(name, binary, &certificates, valgrind.as_ref()).await?);
    }
    io::stdout().write_all(table::markdown(&measured).as_bytes())?;
    if arguments.gates { gates::hold(&measured) } else { Ok(()) }
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
