//! What counts instructions, where it is installed.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{Result, binaries::ROOT};

/// Valgrind, with a clock that goes slower than a function does in it: otherwise the time-outs of the function pass, and it connects
/// once more.
pub(crate) struct Valgrind {
    clock: PathBuf,
    _folder: TempDir,
}

impl Valgrind {
    /// None where there is no valgrind.
    pub(crate) async fn find() -> Result<Option<Self>> {
        let asked =
            Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if !asked.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let clock = folder.path().join("slow_clock.so");
        let source = Path::new(ROOT).join("bench/src/slow_clock.c");
        // Rust links with it, so it is there.
        let mut cc = Command::new("cc");
        let status = cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&clock).arg(source).status().await?;
        if !status.success() {
            return Err(format!("slow_clock.c can't be compiled: {status}").into());
        }
        Ok(Some(Self { clock, _folder: folder }))
    }

    /// Runs a binary in it, which needs [the clock](Self::variable).
    pub(crate) fn command(binary: &Path) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
        command
    }

    /// What has to be in the binary's environment.
    pub(crate) fn variable(&self) -> (&'static str, &Path) {
        ("LD_PRELOAD", &self.clock)
    }

    /// How many instructions it has counted, in millions, by what it said at the end.
    pub(crate) fn count(said: &str) -> Option<f64> {
        let count = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
        Some(count.trim().parse::<f64>().ok()? / 1e6)
    }
}
