//! `cargo run -p bench`: measures the functions in an environment like Lambda's, and prints the
//! results as a Markdown table.
//!
//! Every release binary gets its own Runtime API, its own DynamoDB and SES behind TLS 1.3, and
//! events that succeed. Values that depend on the machine's load are medians; `--gates` checks the
//! others against limits (gates.rs). `bench load` measures the local stack (load.rs).

mod binaries;
mod certificates;
mod client;
mod events;
mod gates;
mod load;
mod measure;
mod meter;
mod process;
mod proxy;
mod table;
mod valgrind;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{binaries::names, certificates::Certificates, valgrind::Valgrind};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

/// Measures the functions' release binaries: size, time, instructions, memory, calls to DynamoDB
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,

    /// Functions to measure; by default, all of them and two lower bounds
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    functions: Vec<String>,

    /// Fail if a function exceeds one of its limits
    #[arg(long)]
    gates: bool,

    /// Measure the few functions that CI measures
    #[arg(long, conflicts_with = "functions")]
    ci: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Measure the local stack instead: requests per second, latency, CPU time
    Load,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = tokio::select! {
        result = run(arguments) => result,
        signal = stop_signal() => signal.and(Err("stopped".into())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If writing to stderr fails, there is no way left to report it.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    if let Some(Action::Load) = arguments.command {
        return load::run().await;
    }
    let names: Vec<String> = match (arguments.ci, arguments.functions) {
        (true, _) => registry::MEASURED_IN_CI.map(str::to_owned).into(),
        (false, functions) if functions.is_empty() => binaries::names().map(str::to_owned).collect(),
        (false, functions) => functions,
    };
    let valgrind = Valgrind::find().await?;
    if arguments.gates && valgrind.is_none() {
        return Err("--gates needs valgrind to count instructions; install it".into());
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
    if arguments.gates { gates::check(&measured) } else { Ok(()) }
}

/// Waits for Ctrl-C or, on Unix, SIGTERM. Handling them lets the child processes be stopped as
/// well.
async fn stop_signal() -> Result<()> {
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
