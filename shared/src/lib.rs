//! The foundation of every Latchkey function.
//!
//! From the bottom up, each module uses only those before it:
//!
//! - [`runtime`]: time, randomness and HTTPS. Nothing else reads them.
//! - [`domain`]: the rules of accounts, codes and sessions, as values and pure functions without
//!   HTTP or DynamoDB.
//! - [`config`]: the only reader of the environment.
//! - [`store`](mod@store): the DynamoDB table, and the operations on it.
//! - [`Error`]: the only place where a refusal gets an HTTP status and a text.
//! - [`App`]: what a handler is given: the store and the settings.
//! - [`edge`]: API Gateway events in, responses out: [`Endpoint`], [`respond`], [`serve`].

mod app;
pub mod config;
pub mod domain;
pub mod edge;
mod error;
pub mod runtime;
pub mod store;

pub use app::{App, Authenticated};
pub use config::{Config, ConfigError};
pub use domain::{
    alias::Alias,
    email_address::EmailAddress,
    full_name::FullName,
    id::{EmailId, KeyPairId, NoticeId, SessionId, UserId, VerificationId},
    language::Language,
    limits::Limits,
    rejection::Reason,
    timestamp::Timestamp,
};
pub use edge::{Endpoint, Metric, Request, Response, respond, serve, start_log};
pub use error::Error;
