//! The errors of starting the stack and of invoking a function.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// An error that keeps the stack from starting. The message is shown to the user at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// template.yaml is inconsistent, or uses a feature that the local stack does not support.
    #[error("template.yaml: {place}: {problem}")]
    Template {
        /// The resource, parameter or property.
        place: String,
        /// The problem at that place.
        problem: String,
    },
    /// template.yaml is not valid YAML.
    #[error("template.yaml is not valid YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// The API reference cannot show openapi.yaml.
    #[error("openapi.yaml {0}")]
    Description(String),
    /// The template has no such parameter, or its constraints reject the value.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name, as given.
        name: String,
        /// Why it is rejected.
        problem: String,
    },
    /// The stack cannot listen on this port.
    #[error("port {port} {problem}; choose another with {flag} (0 selects any free port)")]
    Port {
        /// The requested port.
        port: u16,
        /// The command-line flag that changes the port.
        flag: &'static str,
        /// Why the stack cannot listen on it.
        problem: String,
    },
    /// The stack cannot listen on this address.
    #[error("{0} is not an address of this machine; choose another with --host")]
    Host(IpAddr),
    /// The data directory or a file in it cannot be used.
    #[error("{path} cannot be used ({source}); choose another directory with --data", path = .path.display())]
    Data {
        /// The directory or file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Another local stack is using this data directory.
    #[error("{path} is in use by another local stack; stop it, or choose another directory with --data", path = .0.display())]
    InUse(PathBuf),
    /// The database could not be opened, or rejected the template's table.
    #[error("the database failed to start: {0}")]
    Database(String),
    /// A function rejected its environment.
    #[error("function {name}: {problem}")]
    Function {
        /// The function's name.
        name: String,
        /// The function's error message.
        problem: String,
    },
}

impl StartError {
    pub(crate) fn template(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Template { place: place.into(), problem: problem.into() }
    }
}

/// An error that keeps a function from returning a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// template.yaml has no function of this name.
    #[error("function {0} does not exist")]
    Unknown(String),
    /// The function ran longer than its `Timeout`.
    #[error("function {0} timed out")]
    TimedOut(String),
    /// The function returned an error.
    #[error("function {0} failed: {1}")]
    Failed(String, String),
    /// The function panicked.
    #[error("function {0} crashed: {1}")]
    Crashed(String, String),
}
