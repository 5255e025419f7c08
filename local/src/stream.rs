//! The event source mapping between the table's stream and a function, with filters, batches and
//! retries.

mod checkpoint;
mod record;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::dynamodb::DynamoDb;
use crate::error::StartError;
use crate::functions::Functions;
use crate::template::{Function, StreamSource};
use checkpoint::Checkpoint;
use record::StreamRecord;

/// Writes to DynamoDB's port that bypass the API do not wake the pump, so it also polls the stream.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The delay before a failed batch is retried. It doubles with each retry up to the maximum.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long a stopping stack waits for the pump to deliver the records that are left in the stream.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Delivers the stream's records to one function.
pub(crate) struct Pump {
    database: DynamoDb,
    functions: Arc<Functions>,
    /// Changes whenever the table may have been written to.
    wake: watch::Receiver<()>,
    function: String,
    source: Arc<StreamSource>,
    checkpoint: Checkpoint,
    progress: watch::Sender<Option<String>>,
    /// The sequence number of the record that failed last, and how often it has failed.
    failing: Option<(String, u32)>,
}

/// The result of polling the stream once.
enum Poll {
    /// There are no records left.
    Empty,
    /// Records were delivered, and there may be more.
    Progress,
    /// The stream could not be read, or a batch failed.
    Failure,
}

impl Pump {
    /// Creates a pump. If the data is in a directory, it continues where the last one stopped.
    pub(crate) fn new(
        function: &Function,
        source: &Arc<StreamSource>,
        directory: Option<&Path>,
        (database, functions, wake): (DynamoDb, Arc<Functions>, watch::Receiver<()>),
    ) -> Result<Self, StartError> {
        let checkpoint = Checkpoint::open(directory, &function.name)
            .map_err(|source| StartError::Data { path: directory.unwrap_or(Path::new("")).to_owned(), source })?;
        let progress = watch::Sender::new(checkpoint.position().map(str::to_owned));
        Ok(Self {
            database,
            functions,
            wake,
            function: function.name.clone(),
            source: Arc::clone(source),
            checkpoint,
            progress,
            failing: None,
        })
    }

    /// Returns a receiver for the sequence number of the last record that was processed.
    pub(crate) fn progress(&self) -> watch::Receiver<Option<String>> {
        self.progress.subscribe()
    }

    /// Delivers records until `stop` is set, and then until the stream is empty.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut wake = self.wake.clone();
        loop {
            let delay = match self.poll().await {
                Poll::Progress => continue,
                Poll::Empty => tokio::select! {
                    Ok(()) = wake.changed() => continue,
                    () = sleep(POLL_INTERVAL) => continue,
                    _ = stop.wait_for(|stop| *stop) => break,
                },
                Poll::Failure => self.backoff(),
            };
            tokio::select! {
                () = sleep(delay) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        // A batch that fails now is left for the next start, if the data outlives this one.
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        while let Ok(poll) = timeout_at(deadline, self.poll()).await {
            match poll {
                Poll::Empty => return,
                Poll::Progress => {}
                Poll::Failure => break,
            }
        }
        tracing::warn!(function = self.function, "stopped with records left in the stream");
    }

    fn backoff(&self) -> Duration {
        let failures = self.failing.as_ref().map_or(0, |(_, failures)| *failures);
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
        MIN_BACKOFF.saturating_mul(factor).min(MAX_BACKOFF)
    }

    /// Reads the next records of the stream, and delivers those the function accepts in batches.
    async fn poll(&mut self) -> Poll {
        let records = match self.database.stream_records_after(self.checkpoint.position()) {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "the stream cannot be read");
                return Poll::Failure;
            }
        };
        if records.is_empty() {
            return Poll::Empty;
        }
        let arn = self.database.stream_arn();
        let mut batch = Vec::new();
        let mut last = None;
        for record in &records {
            let record = StreamRecord::new(record, &arn);
            last = Some(record.sequence_number.clone());
            if self.accepts(&record) {
                batch.push(record);
            }
            if batch.len() >= self.source.batch_size {
                let full = std::mem::take(&mut batch);
                if !self.deliver(full).await {
                    return Poll::Failure;
                }
            }
        }
        if !batch.is_empty() && !self.deliver(batch).await {
            return Poll::Failure;
        }
        if let Some(last) = last {
            self.advance(&last);
        }
        Poll::Progress
    }

    /// Returns whether a record matches the filters and is not too old.
    fn accepts(&self, record: &StreamRecord) -> bool {
        let filters = &self.source.filters;
        if !filters.is_empty() && !filters.iter().any(|filter| filter.matches(&record.event)) {
            return false;
        }
        let age = self.database.now().seconds().saturating_sub(record.written_at);
        let too_old = self
            .source
            .maximum_record_age
            .is_some_and(|limit| u64::try_from(age).is_ok_and(|age| age > limit.as_secs()));
        if too_old {
            self.give_up(&record.sequence_number, "it is too old");
        }
        !too_old
    }

    /// Delivers a batch to the function. Returns false if it must be retried from the record that
    /// failed.
    async fn deliver(&mut self, batch: Vec<StreamRecord>) -> bool {
        let failed = match self.invoke(&batch).await {
            Ok(()) => None,
            Err(index) => batch.get(index).map(|record| (index, record.sequence_number.clone())),
        };
        let Some((index, number)) = failed else {
            if let Some(last) = batch.last() {
                self.advance(&last.sequence_number);
            }
            self.failing = None;
            return true;
        };
        if let Some(before) = index.checked_sub(1).and_then(|before| batch.get(before)) {
            self.advance(&before.sequence_number);
        }
        let failures = match &self.failing {
            Some((failing, failures)) if *failing == number => failures + 1,
            _ => 1,
        };
        if self.source.maximum_retry_attempts.is_some_and(|limit| failures > limit) {
            self.give_up(&number, "it failed too often");
            self.advance(&number);
            self.failing = None;
        } else {
            self.failing = Some((number, failures));
        }
        false
    }

    /// Invokes the function. The error is the index of the first record that must be retried.
    async fn invoke(&self, batch: &[StreamRecord]) -> Result<(), usize> {
        let records: Vec<_> = batch.iter().map(|record| &record.event).collect();
        let event = to_raw_value(&json!({"Records": records})).map_err(|_| 0_usize)?;
        let response = self.functions.invoke(&self.function, event).await.map_err(|error| {
            tracing::error!(%error, "a batch of stream records failed");
            0_usize
        })?;
        if self.source.reports_batch_item_failures {
            let numbers: Vec<&str> = batch.iter().map(|record| record.sequence_number.as_str()).collect();
            first_failure(&response, &numbers).map_or(Ok(()), Err)
        } else {
            Ok(())
        }
    }

    /// Records that every record up to and including this one has been processed.
    fn advance(&mut self, sequence_number: &str) {
        self.checkpoint.advance(sequence_number);
        self.progress.send_replace(Some(sequence_number.to_owned()));
    }

    fn give_up(&self, sequence_number: &str, reason: &str) {
        // On AWS, the record would go to the dead-letter queue.
        tracing::error!(function = self.function, sequence_number, "gave up on a stream record: {reason}");
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Returns the index of the first record of a batch that the function reports as failed.
///
/// As in Lambda, an invalid response fails the whole batch, and an empty one is a success.
fn first_failure(response: &RawValue, numbers: &[&str]) -> Option<usize> {
    let Ok(response) = serde_json::from_str::<Option<BatchResponse>>(response.get()) else { return Some(0) };
    let failures = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
    failures
        .iter()
        .map(|failure| numbers.iter().position(|number| *number == failure.item_identifier).unwrap_or(0))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(response: &str) -> Option<usize> {
        first_failure(serde_json::from_str(response).unwrap(), &["10", "11", "12"])
    }

    #[test]
    fn a_batch_is_retried_from_the_first_record_that_failed() {
        assert_eq!(first(r#"{"batchItemFailures": [{"itemIdentifier": "12"}, {"itemIdentifier": "11"}]}"#), Some(1));
    }

    #[test]
    fn a_response_without_failures_is_a_success() {
        for response in [r#"{"batchItemFailures": []}"#, r#"{"batchItemFailures": null}"#, "{}", "null"] {
            assert_eq!(first(response), None, "{response}");
        }
    }

    #[test]
    fn an_invalid_response_fails_the_whole_batch() {
        for response in [
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "99"}]}"#,
            r#"{"batchItemFailures": [{"bad": "12"}]}"#,
            r#""done""#,
        ] {
            assert_eq!(first(response), Some(0), "{response}");
        }
    }
}
