//! The event source mapping between the table's stream and a function: filters, batches, retries.

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

/// Who writes to DynamoDB's port past the API does not wake the pump: it looks by itself this often.
const POLL: Duration = Duration::from_millis(200);

/// The wait before a failed batch is tried again, doubled each time up to the longest.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// How long a stopping stack lets the pump finish what is in the stream.
const FAREWELL: Duration = Duration::from_secs(5);

/// Carries the stream's records to one function.
pub(crate) struct Pump {
    database: DynamoDb,
    functions: Arc<Functions>,
    /// Changes whenever something may have been written.
    wake: watch::Receiver<()>,
    function: String,
    source: Arc<StreamSource>,
    checkpoint: Checkpoint,
    progress: watch::Sender<Option<String>>,
    /// The record that failed last, and how often it has.
    failing: Option<(String, u32)>,
}

/// What one look at the stream came to.
enum Look {
    /// Nothing is left.
    Empty,
    /// There may be more.
    Progress,
    /// A batch failed.
    Failure,
}

impl Pump {
    /// A pump that goes on where the last one stopped, if the table's data has a directory.
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

    /// The sequence number of the last record dealt with, as it moves.
    pub(crate) fn progress(&self) -> watch::Receiver<Option<String>> {
        self.progress.subscribe()
    }

    /// Pumps until told to stop, and then until the stream is empty.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut wake = self.wake.clone();
        loop {
            let pause = match self.look().await {
                Look::Progress => continue,
                Look::Empty => tokio::select! {
                    Ok(()) = wake.changed() => continue,
                    () = sleep(POLL) => continue,
                    _ = stop.wait_for(|stop| *stop) => break,
                },
                Look::Failure => self.backoff(),
            };
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        // What fails now is left for the next start, if the data outlives this one.
        let deadline = Instant::now() + FAREWELL;
        while let Ok(look) = timeout_at(deadline, self.look()).await {
            match look {
                Look::Empty => return,
                Look::Progress => {}
                Look::Failure => break,
            }
        }
        tracing::warn!(function = self.function, "stopped with records left in the stream");
    }

    fn backoff(&self) -> Duration {
        let times = self.failing.as_ref().map_or(0, |(_, times)| *times);
        let factor = 2_u32.saturating_pow(times.saturating_sub(1).min(16));
        FIRST_BACKOFF.saturating_mul(factor).min(LONGEST_BACKOFF)
    }

    /// Reads what is next in the stream and hands what the function wants of it over, batch by batch.
    async fn look(&mut self) -> Look {
        let records = match self.database.stream_records_after(self.checkpoint.position()) {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "the stream cannot be read");
                return Look::Failure;
            }
        };
        if records.is_empty() {
            return Look::Empty;
        }
        let arn = self.database.stream_arn();
        let mut batch = Vec::new();
        let mut last = None;
        for record in &records {
            let record = StreamRecord::new(record, &arn);
            last = Some(record.sequence_number.clone());
            if self.wants(&record) {
                batch.push(record);
            }
            if batch.len() >= self.source.batch_size {
                let full = std::mem::take(&mut batch);
                if !self.deliver(full).await {
                    return Look::Failure;
                }
            }
        }
        if !batch.is_empty() && !self.deliver(batch).await {
            return Look::Failure;
        }
        if let Some(last) = last {
            self.done_up_to(&last);
        }
        Look::Progress
    }

    fn wants(&self, record: &StreamRecord) -> bool {
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

    /// Hands a batch over. False if it has to be tried again, from the record that failed.
    async fn deliver(&mut self, batch: Vec<StreamRecord>) -> bool {
        let failed = match self.invoke(&batch).await {
            Ok(()) => None,
            Err(index) => batch.get(index).map(|record| (index, record.sequence_number.clone())),
        };
        let Some((index, number)) = failed else {
            if let Some(last) = batch.last() {
                self.done_up_to(&last.sequence_number);
            }
            self.failing = None;
            return true;
        };
        if let Some(before) = index.checked_sub(1).and_then(|before| batch.get(before)) {
            self.done_up_to(&before.sequence_number);
        }
        let times = match &self.failing {
            Some((failing, times)) if *failing == number => times + 1,
            _ => 1,
        };
        if self.source.maximum_retry_attempts.is_some_and(|limit| times > limit) {
            self.give_up(&number, "it failed too often");
            self.done_up_to(&number);
            self.failing = None;
        } else {
            self.failing = Some((number, times));
        }
        false
    }

    /// Runs the function. An error is the index of the first record that has to be tried again.
    async fn invoke(&self, batch: &[StreamRecord]) -> Result<(), usize> {
        let records: Vec<_> = batch.iter().map(|record| &record.event).collect();
        let event = to_raw_value(&json!({"Records": records})).map_err(|_| 0_usize)?;
        let answer = self.functions.invoke(&self.function, event).await.map_err(|error| {
            tracing::error!(%error, "a batch of the stream failed");
            0_usize
        })?;
        if self.source.reports_batch_item_failures {
            let numbers: Vec<&str> = batch.iter().map(|record| record.sequence_number.as_str()).collect();
            first_failure(&answer, &numbers).map_or(Ok(()), Err)
        } else {
            Ok(())
        }
    }

    fn done_up_to(&mut self, sequence_number: &str) {
        self.checkpoint.advance(sequence_number);
        self.progress.send_replace(Some(sequence_number.to_owned()));
    }

    fn give_up(&self, sequence_number: &str, reason: &str) {
        // On AWS it would be in the dead-letter queue now.
        tracing::error!(function = self.function, sequence_number, "a record of the stream is given up: {reason}");
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// The first record of a batch that the function says failed. An answer that makes no sense fails the whole batch, as
/// in Lambda; an empty one is a success.
fn first_failure(answer: &RawValue, numbers: &[&str]) -> Option<usize> {
    let Ok(answer) = serde_json::from_str::<Option<BatchAnswer>>(answer.get()) else { return Some(0) };
    let failures = answer.and_then(|answer| answer.batch_item_failures).unwrap_or_default();
    failures
        .iter()
        .map(|failure| numbers.iter().position(|number| *number == failure.item_identifier).unwrap_or(0))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(answer: &str) -> Option<usize> {
        first_failure(serde_json::from_str(answer).unwrap(), &["10", "11", "12"])
    }

    #[test]
    fn a_batch_is_tried_again_from_the_first_record_that_failed() {
        assert_eq!(first(r#"{"batchItemFailures": [{"itemIdentifier": "12"}, {"itemIdentifier": "11"}]}"#), Some(1));
    }

    #[test]
    fn an_answer_without_failures_is_a_success() {
        for answer in [r#"{"batchItemFailures": []}"#, r#"{"batchItemFailures": null}"#, "{}", "null"] {
            assert_eq!(first(answer), None, "{answer}");
        }
    }

    #[test]
    fn an_answer_that_makes_no_sense_fails_the_whole_batch() {
        for answer in [
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "99"}]}"#,
            r#"{"batchItemFailures": [{"bad": "12"}]}"#,
            r#""done""#,
        ] {
            assert_eq!(first(answer), Some(0), "{answer}");
        }
    }
}
