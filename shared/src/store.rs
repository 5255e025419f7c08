//! The table, and the acts upon it, named for what they do to the business.
//!
//! House rules: every write is conditional; nothing is read and then written without a condition that notices a change in between;
//! reads are strongly consistent; expiry is compared with now in every condition and after every read, because DynamoDB deletes
//! expired items late; what changes together is one transaction. docs/data-model.md has every item.

mod accounts;
mod attribute;
mod client;
mod codes;
mod emails;
mod fault;
mod keys;
mod outbox;
mod retry;
mod sessions;
mod suppressions;
mod transaction;
mod write;

use aws_sdk_dynamodb::Client;

use crate::Config;

pub use codes::Addition;
pub use fault::Fault;
pub use outbox::Claimed;
pub use suppressions::Suppression;

/// The table `latchkey` keeps everything in.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    pub(crate) fn new(config: &Config) -> Self {
        Self { client: client::new(&config.aws), table: config.table.clone() }
    }
}
