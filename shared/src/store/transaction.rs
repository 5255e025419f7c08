//! Transactions: writes that happen together or not at all, each known by what it is about.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

use super::{
    Store,
    fault::{Fault, PASSING},
    retry::Backoff,
    write::Write,
};
use crate::entropy;

/// What a write of a transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The user's item: its version holds the whole account together.
    Account,
    /// The claim of an address.
    Address,
    /// The claim of an alias.
    Alias,
    /// The mails of an address.
    Budget,
    /// The verification.
    Code,
    /// An address of a user.
    Email,
    /// A mail of consequence.
    Notice,
    /// A session, or its entry in the user's list.
    Session,
}

/// Writes, and what each is about.
#[derive(Default)]
pub(super) struct Transaction {
    writes: Vec<(Part, Write)>,
}

impl Transaction {
    pub(super) fn add(&mut self, part: Part, write: Write) {
        self.writes.push((part, write));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// The parts whose conditions did not hold; nothing was written.
pub(super) struct Refused(Vec<Part>);

impl Refused {
    /// Whether it was because of that part.
    pub(super) fn because_of(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

impl Store {
    /// Commits, or says whose conditions stood against it.
    ///
    /// The SDK retries what got lost; it does not retry a cancellation, so a conflict with another transaction or a throttled item
    /// is retried here, under the same client request token: should an earlier try have gone through after all, it isn't done twice.
    pub(super) async fn commit(&self, transaction: Transaction) -> Result<Result<(), Refused>, Fault> {
        let mut parts = Vec::with_capacity(transaction.writes.len());
        let mut items = Vec::with_capacity(transaction.writes.len());
        for (part, write) in transaction.writes {
            parts.push(part);
            items.push(write.into_part(&self.table).map_err(|_| Fault::unwritable("a transaction"))?);
        }
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        let call = call.client_request_token(entropy::uuid_v4().to_string());
        let mut backoff = Backoff::default();
        loop {
            let Err(error) = call.clone().send().await else { return Ok(Ok(())) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(Fault::of("TransactWriteItems", &error));
            };
            let reasons = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            let at_fault = reasons().zip(&parts).filter(|(reason, _)| *reason == "ConditionalCheckFailed");
            let refused: Vec<_> = at_fault.map(|(_, part)| *part).collect();
            if !refused.is_empty() {
                return Ok(Err(Refused(refused)));
            }
            let reason = reasons().find(|reason| !matches!(*reason, "" | "None")).unwrap_or("Unknown");
            if !PASSING.contains(&reason) || !backoff.wait().await {
                return Err(Fault::cancelled(reason));
            }
        }
    }
}
