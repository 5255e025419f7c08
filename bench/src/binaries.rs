//! Builds the release binaries that are measured.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::Command;

use crate::Result;

/// The two lower bounds in `bench/limits`.
pub(crate) const LIMITS: [&str; 2] = ["get-item", "hello"];

/// Returns the names of all functions, followed by the lower bounds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    registry::FUNCTIONS.iter().map(|function| function.name).chain(LIMITS)
}

/// The root directory of the repository.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Builds the named binaries, and returns their paths by name.
pub(crate) async fn build(names: &[String]) -> Result<BTreeMap<String, PathBuf>> {
    // Cargo unifies the features of the dependencies that packages in one build share. All
    // endpoints need the same features; the senders of emails and the lower bounds need others.
    let is_limit = |name: &&String| LIMITS.contains(&name.as_str());
    let (limits, functions): (Vec<&String>, Vec<&String>) = names.iter().partition(is_limit);
    let (senders, endpoints): (Vec<_>, Vec<_>) = functions.into_iter().partition(|name| name.starts_with("send-"));
    let mut paths = BTreeMap::new();
    for group in [endpoints, senders] {
        let packages: Vec<_> = group.into_iter().flat_map(|name| ["--package", name]).collect();
        paths.extend(cargo_build(&packages).await?);
    }
    for name in limits {
        paths.extend(cargo_build(&["--package", "limits", "--bin", name]).await?);
    }
    Ok(paths)
}

/// Runs `cargo build` for the selected packages, and returns the paths of the binaries by name.
pub(crate) async fn cargo_build(selection: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    if selection.is_empty() {
        return Ok(BTreeMap::new());
    }
    let cargo = Command::new("cargo")
        .args(["build", "--release", "--locked", "--message-format", "json-render-diagnostics"])
        .args(selection)
        .current_dir(Path::new(ROOT))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    if !cargo.status.success() {
        return Err(format!("cargo build {}: {}", selection.join(" "), cargo.status).into());
    }
    Ok(String::from_utf8_lossy(&cargo.stdout).lines().filter_map(executable).collect())
}

/// Returns the name and the path of the executable in one of cargo's messages, if it has one.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    Some((message.pointer("/target/name")?.as_str()?.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_measured() {
        let functions = std::fs::read_dir(Path::new(ROOT).join("functions")).unwrap();
        let mut functions: Vec<_> = functions.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        functions.sort();
        assert_eq!(functions, registry::FUNCTIONS.map(|function| function.name));
    }
}
