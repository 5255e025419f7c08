//! What every Latchkey function stands on.
//!
//! - [`Endpoint`], [`respond`], [`serve`]: the HTTP edge. An event comes in, a handler runs, the contract's answer goes out.
//! - [`App`]: what a handler is given: the [`store`](mod@store) and the settings, and the two acts that guard everything,
//!   [`App::authenticate`] and [`App::redeem`].
//! - [`EmailAddress`], [`Alias`], [`FullName`], [`Bearer`], [`Id`](id::Id), [`Timestamp`]: values that can only be made valid.
//! - [`verification`], [`session`], [`user`], [`account`], [`notice`]: what is stored, and the rules of it.
//! - [`code`] and the budgets: how a code is derived and how many there are; pure functions.
//! - [`Error`]: what can go wrong, and how HTTP says it.
//!
//! Time is read once a request, in `edge/endpoint.rs`; randomness in `entropy.rs`; the environment in `config.rs`.

pub mod account;
mod alias;
mod app;
mod bearer;
mod budget;
mod call;
pub mod code;
mod config;
mod edge;
mod email_address;
pub mod entropy;
mod error;
mod full_name;
mod http;
pub mod id;
mod language;
pub mod notice;
pub mod session;
pub mod store;
mod timestamp;
pub mod user;
pub mod verification;

pub use alias::{Alias, InvalidAlias};
pub use app::{App, Proof};
pub use bearer::{Bearer, TokenHash};
pub use call::{Call, Caller};
pub use config::{Aws, Color, Config, ConfigError, Limits, Link, Sender};
pub use edge::{
    Acknowledged, DEADLINE, Endpoint, Field, Fields, Form, Metric, Request, Response, respond, serve, start_log,
    system_time,
};
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use error::{Error, FieldError};
pub use full_name::{FullName, InvalidFullName};
pub use http::http_client;
pub use id::{EmailId, NoticeId, SessionId, UserId, VerificationId};
pub use language::Language;
pub use timestamp::Timestamp;
