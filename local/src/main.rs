//! `cargo run`: runs the local stack until Ctrl-C.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local::{Clock, Data, Options, Stack};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const EXAMPLES: &str = "\
Examples:
  cargo run                                          Serve the API on port 3000; keep the data in .local
  cargo run -- --memory --port 0 --dynamodb-port 0   Use any free ports; keep no data
  cargo run -- --parameter ProductName=Acme          Use another product name in the emails
  cargo run -- --parameter CodeLifetimeSeconds=60    Let codes expire after one minute

The URLs are printed at startup. The API reference is at /, the mailbox at /mailbox.";

/// Run Latchkey locally: the API, its database and its mailbox in one process, without AWS
#[derive(Parser)]
#[command(override_usage = "cargo run -- [OPTIONS]", after_help = EXAMPLES)]
struct Arguments {
    /// IP address to listen on. Anyone who can reach it can read the emails and the database
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,

    /// Port of the API and the mailbox; 0 selects any free port
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,

    /// Port of DynamoDB; 0 selects any free port
    #[arg(long, value_name = "N", default_value_t = 8000)]
    dynamodb_port: u16,

    /// Keep the data in memory only
    #[arg(long, conflicts_with = "data")]
    memory: bool,

    /// Directory of the database and the code key
    #[arg(long, value_name = "DIR", default_value = ".local")]
    data: PathBuf,

    /// Product setting (see "Settings" in README.md); can be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

fn parameter(argument: &str) -> Result<(String, String), String> {
    let (name, value) = argument.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The functions log what they do. dynoxide warns of every failed condition check, but those are
    // normal here.
    let levels = Targets::new().with_default(Level::WARN).with_target("dynoxide", Level::ERROR);
    let functions = ["shared", "mail", "handle_mail_event"];
    let levels = levels.with_targets(functions.map(|function| (function, Level::INFO)));
    let output =
        tracing_subscriber::fmt::layer().without_time().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    tracing_subscriber::registry().with(output).with(levels).init();

    let data_location = if arguments.memory {
        "in memory only, lost when the process exits".to_owned()
    } else {
        arguments.data.display().to_string()
    };
    let options = Options {
        host: Some(arguments.host),
        port: arguments.port,
        dynamodb_port: arguments.dynamodb_port,
        data: if arguments.memory { Data::Memory } else { Data::Directory(arguments.data) },
        parameters: arguments.parameters.into_iter().collect(),
        clock: Clock::system(),
        ..Options::default()
    };
    match run(options, &data_location).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If writing to stderr fails, there is no way left to report it.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options, data_location: &str) -> Result<(), Box<dyn Error>> {
    let stop = stop_signal()?;
    let stack = Stack::start(options).await?;
    if print_introduction(&stack, data_location).is_err() {
        tracing::debug!("standard output is closed");
    }
    stop.await;
    stack.shutdown().await;
    Ok(())
}

/// Prints the URLs and a first request.
fn print_introduction(stack: &Stack, data_location: &str) -> io::Result<()> {
    let (api, dynamodb) = (stack.api_url(), stack.dynamodb_url());
    let mut output = io::stdout().lock();
    writeln!(output, "API        {api}/api/auth/v2")?;
    writeln!(output, "Reference  {api}/")?;
    writeln!(output, "Mailbox    {api}/mailbox")?;
    writeln!(output, "DynamoDB   {dynamodb}")?;
    writeln!(output, "Data       {data_location}")?;
    writeln!(output)?;
    writeln!(output, "Try the API in a browser at {api}/, or sign up here and read the code in the mailbox:")?;
    writeln!(
        output,
        "curl {api}/api/auth/v2/user -H 'content-type: application/json' \
         -d '{{\"email\":\"ada@example.com\",\"fullName\":\"Ada Lovelace\",\"alias\":\"ada\"}}'"
    )?;
    writeln!(output)?;
    writeln!(output, "Press Ctrl-C to stop.")?;
    output.flush()
}

/// Starts to listen for Ctrl-C and SIGTERM. The returned future completes at the first of them.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Starts to listen for Ctrl-C. The returned future completes when it is pressed.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        let _ = interrupted.recv().await;
    })
}
