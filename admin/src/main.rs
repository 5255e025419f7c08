//! `latchkey-admin`: runs one command on the table.

use std::process::ExitCode;

use clap::Parser;
use shared::{Config, Timestamp, runtime::clock};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command of a terminal")]
async fn main() -> ExitCode {
    let arguments = admin::Arguments::parse();
    let result = match Config::from_env() {
        Ok(config) => admin::run(arguments, &config, Timestamp::from(clock::system_time())).await,
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("latchkey-admin: {problem}");
            ExitCode::FAILURE
        }
    }
}
