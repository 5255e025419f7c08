//! The local stack's process, on data of its own.

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

use super::client::Connection;
use crate::{Result, binaries::cargo_build};

/// What the stack may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// What Linux counts processor time in, for programs, wherever it runs.
const TICKS_A_SECOND: f64 = 100.0;

/// How much of what the stack logged last is shown.
const LAST_LINES: usize = 20;

/// Killed when it is dropped, and its data deleted.
pub(crate) struct Server {
    child: Child,
    /// Hosts, with ports.
    pub(crate) api: String,
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
        let mut host_of = async |what: &str| -> Result<String> {
            while let Some(line) = timeout(PATIENCE, lines.next_line()).await?? {
                if let Some(url) = line.strip_prefix(what) {
                    let host = url.trim().strip_prefix("http://").and_then(|rest| rest.split('/').next());
                    return Ok(host.ok_or("no URL")?.to_owned());
                }
            }
            Err("the stack did not start".into())
        };
        let hosts = async { Ok::<_, crate::Error>((host_of("API ").await?, host_of("DynamoDB ").await?)) }.await;
        match hosts {
            Ok((api, dynamodb)) => Ok(Self { child, api, dynamodb, directory }),
            Err(error) => Err(format!("{error}\n{}", last_lines(&directory)).into()),
        }
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The name of the only one.
    pub(crate) async fn table(&self) -> Result<String> {
        let answer = Connection::open(&self.dynamodb).await?.dynamodb("ListTables", &json!({})).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let table = answer.pointer("/TableNames/0").and_then(Value::as_str);
        Ok(table.ok_or("there is no table")?.to_owned())
    }

    /// What it logged last.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.directory)
    }
}

fn last_lines(directory: &TempDir) -> String {
    let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n")
}

/// What a process took of the processors so far, for itself and in the kernel. None where the system has no such file.
pub(crate) fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    (ticks.len() == 2).then(|| Duration::from_secs_f64(ticks.iter().sum::<f64>() / TICKS_A_SECOND))
}

/// What all processes took together.
pub(crate) fn cpu_time_of_all() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks = stat.lines().next()?.split_whitespace().skip(1).map(str::parse::<f64>);
    // The fourth is idle, the fifth too, waiting for a disk; guests, behind the eighth, are counted before.
    let busy = ticks.enumerate().filter(|(index, _)| matches!(index, 0..=2 | 5..=7));
    let ticks: f64 = busy.filter_map(|(_, ticks)| ticks.ok()).sum();
    Some(Duration::from_secs_f64(ticks / TICKS_A_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_what_a_process_took() {
        let (own, all) = (cpu_time(std::process::id()).unwrap(), cpu_time_of_all().unwrap());
        assert!(own < all);
        assert_eq!(cpu_time(u32::MAX), None);
    }
}
