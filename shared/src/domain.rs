//! The rules of accounts, codes and sessions, as values and pure functions. Nothing here knows HTTP
//! or DynamoDB.

pub mod account;
pub mod alias;
pub mod bearer_token;
pub mod code;
pub mod email_address;
pub mod full_name;
pub mod id;
pub mod key_pair;
pub mod language;
pub mod limits;
pub mod notice;
pub mod rate_limit;
pub mod recovery;
pub mod refused_guess;
pub mod rejection;
pub mod request_context;
pub mod session;
pub mod timestamp;
pub mod user;
pub mod verification;
