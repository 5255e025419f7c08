//! Why the stack did not start, or a function did not answer.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// Why the stack did not start. The message is for a person at a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// template.yaml says something that the local stack cannot do, or contradicts itself.
    #[error("template.yaml: {place}: {problem}")]
    Template {
        /// The resource, parameter or property.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// template.yaml is no YAML.
    #[error("template.yaml is not valid YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// openapi.yaml is not what the API reference can show.
    #[error("openapi.yaml {0}")]
    Description(String),
    /// A parameter that the template does not have, or a value that it refuses.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name, as given.
        name: String,
        /// Why it is refused.
        problem: String,
    },
    /// Nobody can listen on this port.
    #[error("port {port} {problem}; choose another with {flag} (0 selects any free port)")]
    Port {
        /// The port asked for.
        port: u16,
        /// The flag of the command line that changes it.
        flag: &'static str,
        /// Why not.
        problem: String,
    },
    /// Nobody can listen at this address.
    #[error("{0} is not an address of this machine; choose another with --host")]
    Host(IpAddr),
    /// The data directory or a file in it cannot be used.
    #[error("{path} cannot be used ({source}); choose another directory with --data", path = .path.display())]
    Data {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another local stack has this data directory open.
    #[error("{path} is in use by another local stack; stop it, or choose another directory with --data", path = .0.display())]
    InUse(PathBuf),
    /// The database did not open or refused the template's table.
    #[error("the database failed to start: {0}")]
    Database(String),
    /// A function refused its environment.
    #[error("function {name}: {problem}")]
    Function {
        /// The function's name.
        name: String,
        /// What it said.
        problem: String,
    },
}

impl StartError {
    pub(crate) fn template(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Template { place: place.into(), problem: problem.into() }
    }
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// template.yaml has no such function.
    #[error("function {0} does not exist")]
    Unknown(String),
    /// It took longer than its `Timeout`.
    #[error("function {0} timed out")]
    TimedOut(String),
    /// It returned an error.
    #[error("function {0} failed: {1}")]
    Failed(String, String),
    /// It panicked.
    #[error("function {0} crashed: {1}")]
    Crashed(String, String),
}
