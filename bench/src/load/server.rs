//! The process of the local stack, with its own data directory.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{Result, binaries::cargo_build, client::Connection};

/// The maximum time for the stack to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The unit in which Linux reports CPU time to programs, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// The number of log lines that an error shows.
const LOG_TAIL_LINES: usize = 20;

/// A running stack. When this is dropped, the process is killed and its data is deleted.
pub(crate) struct Server {
    child: Child,
    /// Host and port of the API.
    pub(crate) api: String,
    /// Host and port of DynamoDB.
    pub(crate) dynamodb: String,
    directory: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let binaries = cargo_build(&["--package", "local", "--bin", "local"]).await?;
        let binary = binaries.get("local").ok_or("local was not built")?;
        let directory = tempfile::tempdir()?;
        let mut child = Command::new(binary)
            .args(["--port", "0", "--dynamodb-port", "0", "--data"])
            .arg(directory.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.path().join("log"))?)
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut host_of = async |label: &str| -> Result<String> {
            while let Some(line) = timeout(START_TIMEOUT, lines.next_line()).await?? {
                if let Some(url) = line.strip_prefix(label) {
                    let host = url.trim().strip_prefix("http://").and_then(|rest| rest.split('/').next());
                    return Ok(host.ok_or("no URL")?.to_owned());
                }
            }
            Err("the stack did not start".into())
        };
        let hosts = async { Ok::<_, crate::Error>((host_of("API ").await?, host_of("DynamoDB ").await?)) }.await;
        match hosts {
            Ok((api, dynamodb)) => Ok(Self { child, api, dynamodb, directory }),
            Err(error) => Err(format!("{error}\n{}", log_tail(&directory)).into()),
        }
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns the name of the only table.
    pub(crate) async fn table(&self) -> Result<String> {
        let response = Connection::open(&self.dynamodb).await?.dynamodb("ListTables", &json!({})).await?;
        let response: Value = serde_json::from_slice(&response)?;
        let table = response.pointer("/TableNames/0").and_then(Value::as_str);
        Ok(table.ok_or("there is no table")?.to_owned())
    }

    /// Returns the last lines of the stack's log.
    pub(crate) fn log_tail(&self) -> String {
        log_tail(&self.directory)
    }
}

fn log_tail(directory: &TempDir) -> String {
    let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_TAIL_LINES)..).unwrap_or_default().join("\n")
}

/// Returns the CPU time that a process has used so far, in user and kernel mode, or `None` if the
/// system has no `/proc`.
pub(crate) fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command name comes before the fields, and may contain spaces and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    (ticks.len() == 2).then(|| Duration::from_secs_f64(ticks.iter().sum::<f64>() / TICKS_PER_SECOND))
}

/// Returns the CPU time that all processes together have used so far.
pub(crate) fn cpu_time_of_all() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks = stat.lines().next()?.split_whitespace().skip(1).map(str::parse::<f64>);
    // The fourth and the fifth number are idle time, the latter waiting for a disk. Guest time,
    // after the eighth, is already included in the first two.
    let busy = ticks.enumerate().filter(|(index, _)| matches!(index, 0..=2 | 5..=7));
    let ticks: f64 = busy.filter_map(|(_, ticks)| ticks.ok()).sum();
    Some(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_reports_the_cpu_time_of_a_process() {
        let (own, all) = (cpu_time(std::process::id()).unwrap(), cpu_time_of_all().unwrap());
        assert!(own < all);
        assert_eq!(cpu_time(u32::MAX), None);
    }
}
