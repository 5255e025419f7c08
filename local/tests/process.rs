//! Tests of the program: its output, how it stops, and its errors when it cannot start.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A stack in its own process, which is killed when the test ends.
struct Running {
    process: Child,
    /// The lines that the program printed until it was ready.
    lines: Vec<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let process = local(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Self { process, lines: Vec::new() };
        let output = BufReader::new(running.process.stdout.take().unwrap());
        for line in output.lines() {
            running.lines.push(line.unwrap());
            if running.lines.last().is_some_and(|line| line.contains("Ctrl-C")) {
                return running;
            }
        }
        panic!("the program stopped early: {:?}", running.lines);
    }

    fn line(&self, start: &str) -> &str {
        let line = self.lines.iter().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no line {start}: {:?}", self.lines)).trim()
    }

    /// Stops the process with SIGTERM, and returns its exit status and its log.
    fn terminate(mut self) -> (ExitStatus, String) {
        let killed = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.process.id())]).status().unwrap();
        assert!(killed.success());
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    local(arguments).output().unwrap()
}

/// A directory for one test, which is removed when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("latchkey-process-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const ANY_PORTS: [&str; 4] = ["--port", "0", "--dynamodb-port", "0"];

fn in_memory() -> Running {
    Running::start(&[&ANY_PORTS[..], &["--memory"]].concat())
}

#[tokio::test]
async fn every_printed_url_responds() {
    let running = in_memory();
    let api = running.line("API");
    let statuses = [
        (format!("{api}/session"), 401),
        (running.line("Reference").to_owned(), 200),
        (running.line("Mailbox").to_owned(), 200),
        (running.line("DynamoDB").to_owned(), 200),
    ];
    for (url, expected) in statuses {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        assert_eq!(reqwest::get(&url).await.unwrap().status(), expected, "{url}");
    }
    assert!(running.line("Data").contains("lost when the process exits"));
}

#[tokio::test]
async fn the_printed_curl_command_requests_a_sign_up() {
    let running = in_memory();
    let curl = running.lines.iter().find(|line| line.starts_with("curl ")).unwrap();
    // Sends the request that curl would send, because curl may not be installed.
    let [url, _, header, _, body] = words(curl)[1..] else { panic!("{curl}") };
    let (name, value) = header.split_once(": ").unwrap();
    let request = reqwest::Client::new().post(url).header(name, value).body(body.to_owned());
    let response = request.send().await.unwrap().text().await.unwrap();
    assert!(response.contains("verificationCodeID"), "{response}");
}

/// Splits a command into words as a shell does, at blanks outside of single quotes.
fn words(command: &str) -> Vec<&str> {
    let parts = command.split('\'').enumerate();
    let words =
        parts.flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    words.collect()
}

#[test]
fn sigterm_stops_the_program_cleanly() {
    let directory = Directory::new();
    let running = Running::start(&[&ANY_PORTS[..], &["--data", directory.path()]].concat());
    assert_eq!(running.line("Data"), directory.path());
    let (status, log) = running.terminate();
    assert_eq!((status.code(), log.as_str()), (Some(0), ""));
    // SQLite merges its journal into the database only when the database is closed.
    let mut files: Vec<_> =
        directory.0.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["code-key", "dynamodb.sqlite", "functions.env", "functions.json", "lock"]);
}

#[test]
fn the_error_for_a_taken_port_names_the_flag_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for flag in ["--port", "--dynamodb-port"] {
        let other = if flag == "--port" { "--dynamodb-port" } else { "--port" };
        let output = output(&["--memory", flag, &port, other, "0"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(&format!("port {port} is already in use")), "{message}");
        assert!(message.contains(flag), "{message}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn the_error_for_an_unusable_host_or_directory_names_its_flag() {
    let refusal = |arguments: &[&str]| {
        let output = output(&[&ANY_PORTS[..], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    // The address is reserved for documentation (RFC 5737).
    let message = refusal(&["--memory", "--host", "203.0.113.9"]);
    assert!(message.contains("203.0.113.9 is not an address") && message.contains("--host"), "{message}");
    let directory = Directory::new();
    std::fs::write(&directory.0, "a file").unwrap();
    let message = refusal(&["--data", directory.path()]);
    assert!(message.contains(directory.path()) && message.contains("--data"), "{message}");
    std::fs::remove_file(&directory.0).unwrap();
}

#[test]
fn two_stacks_cannot_use_the_same_directory() {
    let directory = Directory::new();
    let arguments = [&ANY_PORTS[..], &["--data", directory.path()]].concat();
    let _running = Running::start(&arguments);
    let output = output(&arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("another local stack") && message.contains("--data"), "{message}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_error_for_an_invalid_parameter_names_it() {
    let start = |parameter: &str| {
        let output = output(&[&ANY_PORTS[..], &["--memory", "--parameter", parameter]].concat());
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let refusal = start("GuessesPerCode=0");
    assert!(refusal.contains("GuessesPerCode") && refusal.contains("at least 1: Tries"), "{refusal}");
    assert!(start("Guesses=3").contains("no such parameter"));
    assert!(start("Guesses").contains("NAME=VALUE"));
}

#[test]
fn the_help_explains_every_flag() {
    let output = output(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Usage: cargo run -- [OPTIONS]") && help.contains("cargo run -- --memory"), "{help}");
    for flag in ["--host", "--port", "--dynamodb-port", "--memory", "--data", "--parameter"] {
        let line = help.lines().find(|line| line.trim_start().starts_with(flag)).unwrap_or_else(|| panic!("{flag}"));
        let words = line.split_whitespace().filter(|word| !word.starts_with(['-', '<'])).count();
        assert!(words >= 3, "{line}");
    }
}

#[tokio::test]
async fn a_rejected_request_is_logged_as_plain_text() {
    let running = in_memory();
    let url = format!("{}/user/id/unknown", running.line("API"));
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 400);
    let (_, log) = running.terminate();
    assert!(log.contains("WARN") && log.contains("get-user"), "{log}");
    assert!(!log.contains('\u{1b}'), "colours are for terminals: {log}");
}
