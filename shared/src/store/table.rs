//! The mechanics of the table: keys, conditional writes, transactions and retries.

pub(super) mod attribute;
pub(super) mod backoff;
pub(super) mod client;
pub(super) mod keys;
pub(super) mod transaction;
pub(super) mod write;
