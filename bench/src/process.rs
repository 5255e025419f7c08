//! A function's process, with or without valgrind around it.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{Result, runtime_api::RuntimeApi, valgrind::Valgrind};

/// What every function has in its environment beside its own; the same in each run, so that instruction counts are.
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

/// What a function may take to start, or to answer. Under valgrind it is fifty times slower.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE_WITH_VALGRIND: Duration = Duration::from_mins(2);

/// From its request for the next event, until a function really does nothing.
const SETTLING: Duration = Duration::from_millis(200);

/// A running function. It is killed when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    api: RuntimeApi,
    started: Instant,
    patience: Duration,
    /// What it prints, and what it and valgrind complain about.
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
        let patience = if valgrind.is_some() { PATIENCE_WITH_VALGRIND } else { PATIENCE };
        Ok(Self { name: name.to_owned(), child, api, started, patience, outputs })
    }

    /// Waits until the function asks for its next event. How long it has been running then.
    pub(crate) async fn ready(&mut self) -> Result<Duration> {
        let ready = tokio::select! {
            ready = timeout(self.patience, self.api.ready()) => ready,
            ended = self.child.wait() => Ok(Err(has_ended(ended))),
        };
        match ready {
            Ok(Ok(moment)) => Ok(moment.duration_since(self.started)),
            Ok(Err(error)) => Err(self.failed(&error.to_string()).await),
            Err(late) => Err(self.failed(&late.to_string()).await),
        }
    }

    /// Hands an event to the function that is [ready](Self::ready), and waits until it is so again. How long the answer took.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<Duration> {
        let answered = tokio::select! {
            answered = timeout(self.patience, self.api.invoke(event)) => answered,
            ended = self.child.wait() => Ok(Err(has_ended(ended))),
        };
        let (answer, took) = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => return Err(self.failed(&error.to_string()).await),
            Err(late) => return Err(self.failed(&late.to_string()).await),
        };
        if !is_success(&serde_json::from_slice(&answer)?) {
            return Err(self.failed(&String::from_utf8_lossy(&answer)).await);
        }
        self.ready().await?;
        Ok(took)
    }

    /// The most memory that it ever had, in MB, where the system says so.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024.0 / 1e6)
    }

    /// Ends the function, which is [ready](Self::ready) and runs with valgrind. The instructions that it took since its start,
    /// in millions.
    pub(crate) async fn instructions(mut self) -> Result<f64> {
        sleep(SETTLING).await;
        let id = self.child.id().ok_or("it has no process any more")?;
        // Told to terminate, not made to: valgrind still says what it counted.
        Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().await?;
        timeout(self.patience, self.child.wait()).await??;
        let [_, complaints] = &mut self.outputs;
        let complaints = timeout(self.patience, complaints).await??;
        Valgrind::count(&complaints)
            .ok_or_else(|| format!("{}: valgrind counted nothing:\n{complaints}", self.name).into())
    }

    /// What went wrong, with all that the function printed.
    async fn failed(&mut self, what: &str) -> crate::Error {
        let _ = self.child.kill().await;
        let mut message = format!("{}: {what}", self.name);
        for output in &mut self.outputs {
            if let Ok(Ok(text)) = timeout(PATIENCE, output).await {
                message.push('\n');
                message.push_str(&text);
            }
        }
        message.into()
    }
}

fn has_ended(ended: std::io::Result<ExitStatus>) -> crate::Error {
    match ended {
        Ok(status) => format!("it has ended: {status}").into(),
        Err(error) => error.into(),
    }
}

/// All that a process writes, once it has ended.
fn collect(output: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut output) = output {
            let _ = output.read_to_end(&mut bytes).await;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// An endpoint answers with a status, send-mail with what is to come again, the limits with neither.
fn is_success(answer: &Value) -> bool {
    let status = answer.get("statusCode").and_then(Value::as_u64);
    let failures = answer.get("batchItemFailures").and_then(Value::as_array);
    status.is_none_or(|status| (200..300).contains(&status)) && failures.is_none_or(Vec::is_empty)
}
