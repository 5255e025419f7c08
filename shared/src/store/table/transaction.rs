//! Transactions: writes that happen together or not at all.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

use crate::{
    runtime::entropy,
    store::{
        Store, StoreError,
        error::TRANSIENT_CODES,
        table::{backoff::Backoff, write::Write},
    },
};

/// The subject of a write, by which a failed condition is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Subject {
    /// The user's item, whose version holds the account together.
    Account,
    /// The owner of an address.
    AddressOwner,
    /// The owner of an alias.
    AliasOwner,
    /// The rate limit of an address.
    RateLimit,
    /// A verification.
    Code,
    /// An address of a user.
    Email,
    /// A key pair, or its entry in the user's list.
    KeyPair,
    /// A security notice.
    Notice,
    /// A session, or its entry in the user's list.
    Session,
}

/// Writes and their subjects.
#[derive(Default)]
pub(in crate::store) struct Transaction {
    writes: Vec<(Subject, Write)>,
}

impl Transaction {
    pub(in crate::store) fn add(&mut self, subject: Subject, write: Write) {
        self.writes.push((subject, write));
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// The subjects whose conditions did not hold. Nothing was written.
pub(in crate::store) struct FailedConditions(Vec<Subject>);

impl FailedConditions {
    pub(in crate::store) fn contains(&self, subject: Subject) -> bool {
        self.0.contains(&subject)
    }
}

impl Store {
    /// Commits a transaction, or returns whose conditions did not hold.
    ///
    /// The SDK retries lost calls, but not cancellations. A conflict with another transaction or a
    /// throttled item is retried here with the same client request token, so that an attempt that
    /// went through after all is not repeated.
    pub(in crate::store) async fn commit(
        &self,
        transaction: Transaction,
    ) -> Result<Result<(), FailedConditions>, StoreError> {
        let mut subjects = Vec::with_capacity(transaction.writes.len());
        let mut items = Vec::with_capacity(transaction.writes.len());
        for (subject, write) in transaction.writes {
            subjects.push(subject);
            let item = write.into_transact_item(&self.table).map_err(|_| StoreError::unwritable("a transaction"))?;
            items.push(item);
        }
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        let call = call.client_request_token(entropy::uuid_v4().to_string());
        let mut backoff = Backoff::default();
        loop {
            let Err(error) = call.clone().send().await else { return Ok(Ok(())) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(StoreError::of("TransactWriteItems", &error));
            };
            let reasons = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            let failed = reasons().zip(&subjects).filter(|(reason, _)| *reason == "ConditionalCheckFailed");
            let failed: Vec<_> = failed.map(|(_, subject)| *subject).collect();
            if !failed.is_empty() {
                return Ok(Err(FailedConditions(failed)));
            }
            let reason = reasons().find(|reason| !matches!(*reason, "" | "None")).unwrap_or("Unknown");
            if !TRANSIENT_CODES.contains(&reason) || !backoff.wait().await {
                return Err(StoreError::cancelled(reason));
            }
        }
    }
}
