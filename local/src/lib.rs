//! The whole product in one process, without AWS, Docker or Java: what `cargo run` starts, and what
//! the tests start.
//!
//! [`Stack::start`] reads template.yaml and brings up what it describes:
//!
//! | module | stands in for |
//! |---|---|
//! | `gateway` | API Gateway: HTTP in, payload 2.0 events to the functions, HTTP out |
//! | `functions` | Lambda: every function with the environment that the template gives it |
//! | `dynamodb` | DynamoDB: the table, on SQLite, behind its real wire protocol |
//! | `stream` | the event source mapping between the table's stream and `send-mail` |
//! | `ses` | SES v2: takes mails and keeps them, at `/_aws/ses` and on the mailbox page; and its simulator of bounces and complaints |
//! | `event_bus` | `EventBridge`: what SES tells of mails, to the functions whose rules match |
//!
//! Routes, keys, TTL, stream and filter come from template.yaml, so running the stack tests the template.

mod clock;
mod data;
mod dynamodb;
mod error;
mod event_bus;
mod filter;
mod functions;
mod gateway;
mod outside;
mod pages;
mod random;
mod ses;
mod stack;
mod stream;
mod template;

pub use clock::Clock;
pub use data::Data;
pub use error::{InvokeError, StartError};
pub use ses::Mail;
pub use stack::{Options, Stack};
