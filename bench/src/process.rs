//! The process of a function, with or without valgrind.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use local::RuntimeApi;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{Result, valgrind::Valgrind};

/// The variables that Lambda sets for every function. They are the same in each run, so that
/// instruction counts can be compared.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
    ("LANG", "en_US.UTF-8"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("TZ", ":UTC"),
];

/// The maximum time for a function to start or to respond. Valgrind makes it fifty times slower.
const TIMEOUT: Duration = Duration::from_secs(20);
const VALGRIND_TIMEOUT: Duration = Duration::from_mins(2);

/// The time that a function needs to become idle after it has requested the next event.
const SETTLE_TIME: Duration = Duration::from_millis(200);

/// A running function. The process is killed when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    api: RuntimeApi,
    started: Instant,
    timeout: Duration,
    /// Standard output, and standard error with valgrind's report.
    outputs: [JoinHandle<String>; 2],
}

impl Process {
    pub(crate) async fn start(
        name: &str,
        binary: &Path,
        environment: &BTreeMap<String, String>,
        valgrind: Option<&Valgrind>,
    ) -> Result<Self> {
        let api = RuntimeApi::start().await?;
        let mut command = if valgrind.is_some() { Valgrind::command(binary) } else { Command::new(binary) };
        command
            .env_clear()
            .envs(ENVIRONMENT)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .envs(environment)
            .envs(valgrind.map(Valgrind::variable))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{} does not start: {error}", binary.display()))?;
        let outputs = [collect(child.stdout.take()), collect(child.stderr.take())];
        let timeout = if valgrind.is_some() { VALGRIND_TIMEOUT } else { TIMEOUT };
        Ok(Self { name: name.to_owned(), child, api, started, timeout, outputs })
    }

    /// Waits until the function requests its next event. Returns the time since its start.
    pub(crate) async fn ready(&mut self) -> Result<Duration> {
        let ready = tokio::select! {
            ready = timeout(self.timeout, self.api.ready()) => ready,
            status = self.child.wait() => Ok(Err(exited(status))),
        };
        match ready {
            Ok(Ok(time)) => Ok(time.duration_since(self.started)),
            Ok(Err(error)) => Err(self.failed(&error.to_string()).await),
            Err(elapsed) => Err(self.failed(&elapsed.to_string()).await),
        }
    }

    /// Invokes the function, which must be [ready](Self::ready), and waits until it is ready again.
    /// Returns the time that the response took.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<Duration> {
        let result = tokio::select! {
            result = timeout(self.timeout, self.api.invoke(event)) => result,
            status = self.child.wait() => Ok(Err(exited(status))),
        };
        let (response, duration) = match result {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.failed(&error.to_string()).await),
            Err(elapsed) => return Err(self.failed(&elapsed.to_string()).await),
        };
        if !is_success(&serde_json::from_slice(&response)?) {
            return Err(self.failed(&String::from_utf8_lossy(&response)).await);
        }
        self.ready().await?;
        Ok(duration)
    }

    /// Returns the peak memory in MB, if the system reports it.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024.0 / 1e6)
    }

    /// Stops the function and returns the instructions since its start, in millions.
    ///
    /// The function must be [ready](Self::ready) and run with valgrind.
    pub(crate) async fn instructions(mut self) -> Result<f64> {
        sleep(SETTLE_TIME).await;
        let id = self.child.id().ok_or("the process has already exited")?;
        // With SIGTERM instead of SIGKILL, valgrind still prints its count.
        Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().await?;
        timeout(self.timeout, self.child.wait()).await??;
        let [_, stderr] = &mut self.outputs;
        let stderr = timeout(self.timeout, stderr).await??;
        Valgrind::count(&stderr).ok_or_else(|| format!("{}: valgrind counted nothing:\n{stderr}", self.name).into())
    }

    /// Kills the process, and returns an error with all that it printed.
    async fn failed(&mut self, problem: &str) -> crate::Error {
        let _ = self.child.kill().await;
        let mut message = format!("{}: {problem}", self.name);
        for output in &mut self.outputs {
            if let Ok(Ok(text)) = timeout(TIMEOUT, output).await {
                message.push('\n');
                message.push_str(&text);
            }
        }
        message.into()
    }
}

fn exited(status: io::Result<ExitStatus>) -> io::Error {
    match status {
        Ok(status) => io::Error::other(format!("the process exited: {status}")),
        Err(error) => error,
    }
}

/// Collects the output of a process until it exits.
fn collect(output: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut output) = output {
            let _ = output.read_to_end(&mut bytes).await;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Returns whether an invocation succeeded.
///
/// An endpoint returns a status, a sender of emails the records to retry, and the lower bounds
/// neither.
fn is_success(response: &Value) -> bool {
    let status = response.get("statusCode").and_then(Value::as_u64);
    let failures = response.get("batchItemFailures").and_then(Value::as_array);
    status.is_none_or(|status| (200..300).contains(&status)) && failures.is_none_or(Vec::is_empty)
}
