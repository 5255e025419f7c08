//! The whole product in one process, without AWS, Docker or Java. `cargo run` and the tests start
//! the same stack.
//!
//! [`Stack::start`] reads template.yaml and starts the resources that it describes:
//!
//! | module | stands in for |
//! |---|---|
//! | `gateway` | API Gateway: HTTP requests become payload 2.0 events for the functions |
//! | `functions` | Lambda: every function, with the environment that the template gives it |
//! | `dynamodb` | DynamoDB: the table, on SQLite, behind the real wire protocol |
//! | `stream` | the event source mappings of the functions that read the table's stream |
//! | `ses` | SES v2: stores emails for `/_aws/ses` and the mailbox page; its mailbox simulator |
//! | `event_bus` | `EventBridge`: passes SES's events to the functions whose rules match |
//!
//! The stack runs the functions in its own process. For a function that runs as its own process,
//! [`RuntimeApi`] stands in for Lambda.
//!
//! Routes, keys, TTL, stream and filters come from template.yaml, so running the stack tests the
//! template.

mod clock;
mod data;
mod dynamodb;
mod env_files;
mod error;
mod event_bus;
mod filter;
mod functions;
mod gateway;
mod pages;
mod random;
mod runtime_api;
mod ses;
mod stack;
mod stream;
mod template;

pub use clock::Clock;
pub use data::Data;
pub use error::{InvokeError, StartError};
pub use runtime_api::RuntimeApi;
pub use ses::Email;
pub use stack::{Options, Stack};
