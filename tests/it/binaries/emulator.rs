//! AWS's Runtime Interface Emulator, which `sam local` runs inside its containers. It starts a
//! binary as Lambda would, hands it one event at a time over the Runtime API, and restarts it when
//! it dies.
//!
//! `local::RuntimeApi` would be simpler, but it only implements our reading of the protocol. The
//! emulator is AWS's own implementation: it shows that the binaries work with the program that
//! `sam local` runs. Like Lambda, it enforces the timeout of the template and restarts a function
//! that died.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{support::Product, template::Template};

/// Runs ARM binaries on another processor; `.ci/binaries` installs it.
const QEMU: &str = "qemu-aarch64-static";

/// The directory in which QEMU finds the C library for ARM.
const SYSROOT: &str = "/usr/aarch64-linux-gnu";

/// The next port to try. It is below the ephemeral range, so that no other process is given a port
/// between the check that it is free and its use.
static NEXT_PORT: AtomicU16 = AtomicU16::new(17_000);

/// A function's binary under its own emulator, which is killed on drop.
pub(super) struct Binary {
    function: String,
    url: String,
    http: reqwest::Client,
    emulator: Child,
    log: Arc<Mutex<String>>,
}

impl Binary {
    /// Starts a function with the environment of the template, using the product's table and email
    /// service. The variables in `more` take precedence.
    pub(super) async fn start(product: &Product, function: &str, more: &[(&str, &str)]) -> Self {
        let path = path(function);
        let mut command =
            if is_for_arm(&path) && cfg!(not(target_arch = "aarch64")) { vec![QEMU.to_owned()] } else { Vec::new() };
        command.push(path.to_str().expect("UTF-8").to_owned());
        let (port, runtime_port) = (free_port(), free_port());
        let mut emulator = Command::new("aws-lambda-rie")
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_port}")])
            .args(command)
            .env("QEMU_LD_PREFIX", SYSROOT)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", timeout(function).to_string())
            .envs(product.stack.environment(function).expect("an environment"))
            .envs(more.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("aws-lambda-rie, which .ci/binaries puts on the PATH");
        let log = Arc::default();
        collect(emulator.stdout.take().expect("the emulator's stdout"), &log);
        collect(emulator.stderr.take().expect("the emulator's stderr"), &log);
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            assert!(
                emulator.try_wait().expect("the emulator's state").is_none(),
                "the emulator exited: {}",
                text(&log)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
        Self { function: function.to_owned(), url, http: reqwest::Client::new(), emulator, log }
    }

    /// Returns the output of the function, or Lambda's error if the function fails.
    pub(super) async fn invoke(&self, event: &str) -> Value {
        let response = self.http.post(&self.url).body(event.to_owned()).send().await.expect("a response");
        let response = response.text().await.expect("a text");
        serde_json::from_str(&response).unwrap_or_else(|_| panic!("{}: {response}\n{}", self.function, text(&self.log)))
    }

    /// Asserts that the binary was started once, and has not died since.
    pub(super) fn assert_never_restarted(&self) {
        let log = text(&self.log);
        assert_eq!(log.matches("INIT START").count(), 1, "{}: {log}", self.function);
    }

    /// Returns whether a function's machine code is for ARM, the architecture of the template.
    pub(super) fn is_for_arm(function: &str) -> bool {
        is_for_arm(&path(function))
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // The binary exits by itself when its Runtime API is gone.
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// The path of the binary that `sam build` made for a function.
fn path(function: &str) -> PathBuf {
    let template = Template::read();
    let function = template.functions().into_iter().find(|one| one.name == function).expect("a function");
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.aws-sam/build").join(function.id).join("bootstrap");
    built.canonicalize().unwrap_or_else(|error| panic!("{}: {error}; run `sam build`", built.display()))
}

fn timeout(function: &str) -> u64 {
    let template = Template::read();
    let function = template.functions().into_iter().find(|one| one.name == function).expect("a function");
    template.timeout(&function).expect("a timeout")
}

/// Reads the architecture of an ELF file from its header.
fn is_for_arm(path: &Path) -> bool {
    let mut header = [0; 20];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut header)).expect("a binary");
    header.starts_with(b"\x7fELF") && header.ends_with(&183u16.to_le_bytes())
}

fn free_port() -> u16 {
    loop {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Collects the output of a process in the log until the output ends.
fn collect(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

fn text(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
