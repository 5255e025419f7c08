//! The DynamoDB table, and the operations on it, named for what they do to accounts and codes.
//!
//! Every write is conditional. Nothing is read and then written without a condition that notices a
//! change in between. Reads are strongly consistent. Expiry is compared with the current time in
//! every condition and after every read, because DynamoDB deletes expired items late. Items that
//! change together are one transaction. docs/data-model.md describes every item.

mod accounts;
mod codes;
mod deletion;
mod emails;
mod error;
mod key_pairs;
mod outbox;
mod profiles;
mod recovery;
mod sessions;
mod suppressions;
mod table;

use aws_sdk_dynamodb::Client;

pub use self::{
    error::{Refusal, StoreError},
    outbox::{Lease, LeaseHolder, OutboxItem},
    suppressions::Suppression,
};
use crate::config::Config;

/// The DynamoDB table that holds everything.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Creates the store with a client of its own. Nothing is connected yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { client: table::client::new(&config.aws), table: config.table.clone() }
    }
}
