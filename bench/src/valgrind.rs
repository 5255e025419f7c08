//! Valgrind, which counts instructions if it is installed.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{Result, binaries::ROOT};

/// Valgrind with a slow clock.
///
/// A function runs much slower in valgrind. With the real clock, its timeouts would expire, and it
/// would connect again.
pub(crate) struct Valgrind {
    clock: PathBuf,
    _folder: TempDir,
}

impl Valgrind {
    /// Returns `None` if valgrind is not installed.
    pub(crate) async fn find() -> Result<Option<Self>> {
        let version =
            Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if !version.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let clock = folder.path().join("slow_clock.so");
        let source = Path::new(ROOT).join("bench/src/slow_clock.c");
        // Rust links with `cc`, so it is installed.
        let mut cc = Command::new("cc");
        let status = cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&clock).arg(source).status().await?;
        if !status.success() {
            return Err(format!("slow_clock.c cannot be compiled: {status}").into());
        }
        Ok(Some(Self { clock, _folder: folder }))
    }

    /// Returns a command that runs a binary in valgrind. It also needs the
    /// [`variable`](Self::variable).
    pub(crate) fn command(binary: &Path) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
        command
    }

    /// Returns the environment variable that makes the binary use the slow clock.
    pub(crate) fn variable(&self) -> (&'static str, &Path) {
        ("LD_PRELOAD", &self.clock)
    }

    /// Returns the number of instructions in valgrind's report, in millions.
    pub(crate) fn count(report: &str) -> Option<f64> {
        let count = report.lines().find_map(|line| line.split_once("Collected :"))?.1;
        Some(count.trim().parse::<f64>().ok()? / 1e6)
    }
}
