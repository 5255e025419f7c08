//! A batch of stream records, and the response that names those to deliver again.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use shared::{Config, ConfigError, Metric, Timestamp, store::StoreError};

use crate::{delivery::Outcome, record};

/// The first of the records that Lambda delivers again. Lambda repeats all after it as well, which
/// sends nothing twice.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

#[derive(Deserialize)]
struct StreamEvent {
    #[serde(rename = "Records")]
    records: Vec<Box<RawValue>>,
}

/// A function that sends the emails of one kind of item in the outbox.
pub trait Consumer: Sized + Sync {
    /// The name of the function.
    const NAME: &'static str;
    /// The kind of item: the prefix of its key, without the `#`.
    const KIND: &'static str;
    /// The item.
    type Item: DeserializeOwned + Send;

    /// Creates the state of the function's process. Nothing is connected yet.
    ///
    /// # Errors
    /// If the configuration lacks a setting.
    fn new(config: &Config) -> Result<Self, ConfigError>;

    /// Sends the email of a new item.
    fn mail(&self, item: Self::Item, now: Timestamp) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

/// Serves a function from the Lambda runtime for the life of the process.
///
/// # Errors
/// If a required environment variable is missing, or the runtime ends.
pub async fn serve<C: Consumer>() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let function = C::new(&config)?;
    let respond = async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Infallible>(handle(&function, &Timestamp::now, &event.payload).await)
    };
    lambda_runtime::run(service_fn(respond)).await
}

/// Processes a batch of stream records. The clock is read for each of them: with slow emails before
/// it, a lease that began with the batch would be over too early.
pub async fn handle<C: Consumer>(
    consumer: &C,
    clock: &(dyn Fn() -> Timestamp + Sync),
    event: &RawValue,
) -> BatchResponse {
    let Ok(event) = serde_json::from_str::<StreamEvent>(event.get()) else {
        tracing::error!(function = C::NAME, "not a DynamoDB stream event");
        // An empty identifier: the whole batch failed.
        return BatchResponse::failed_from(String::new());
    };
    let mut failed = None;
    for raw in event.records {
        let sequence_number = record::sequence_number(&raw);
        let mail = async {
            match record::new_item(&raw, C::KIND) {
                Ok(Some(item)) => consumer.mail(item, clock()).await.unwrap_or_else(Outcome::from),
                Ok(None) => Outcome::Done,
                Err(cause) => Outcome::Permanent(cause.into()),
            }
        };
        let outcome = AssertUnwindSafe(Box::pin(mail)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::Retry("a panic".to_owned()));
        log(C::NAME, &sequence_number, &outcome);
        if matches!(outcome, Outcome::Retry(_)) {
            failed.get_or_insert(sequence_number);
        }
    }
    failed.map_or_else(BatchResponse::default, BatchResponse::failed_from)
}

fn log(function: &str, sequence_number: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Done => {}
        Outcome::Sent(metric) => {
            tracing::info!(function, sequence_number, metric = metric.name(), "sent");
        }
        Outcome::Dropped(reason) => {
            let metric = Metric::MailsDropped.name();
            tracing::info!(function, sequence_number, metric, "dropped: {reason}");
        }
        Outcome::Suppressed => {
            let metric = Metric::MailsSuppressed.name();
            tracing::info!(function, sequence_number, metric, "suppressed: earlier bounce or complaint");
        }
        Outcome::Permanent(cause) => {
            let metric = Metric::MailsUndeliverable.name();
            tracing::error!(function, sequence_number, metric, "undeliverable: {cause}");
        }
        Outcome::Retry(cause) => {
            let metric = Metric::MailsDelayed.name();
            tracing::warn!(function, sequence_number, metric, "will be retried: {cause}");
        }
    }
}

impl BatchResponse {
    fn failed_from(item_identifier: String) -> Self {
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }] }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde::de::IgnoredAny;
    use serde_json::{json, value::to_raw_value};

    use super::*;

    /// Panics at the second of its emails.
    #[derive(Default)]
    struct Panicking(Mutex<u32>);

    impl Consumer for Panicking {
        const NAME: &'static str = "panicking";
        const KIND: &'static str = "CODE";
        type Item = IgnoredAny;

        fn new(_: &Config) -> Result<Self, ConfigError> {
            Ok(Self::default())
        }

        async fn mail(&self, _: IgnoredAny, _: Timestamp) -> Result<Outcome, StoreError> {
            let count = {
                let mut count = self.0.lock().unwrap();
                *count += 1;
                *count
            };
            assert_ne!(count, 2, "the second email");
            Ok(Outcome::Done)
        }
    }

    #[test]
    fn a_panic_is_a_failed_record_and_does_not_stop_the_batch() {
        let record = |number: u32| {
            let keys = json!({"pk": {"S": format!("CODE#{number}")}, "sk": {"S": "CODE"}});
            let change = json!({"Keys": keys, "NewImage": keys, "SequenceNumber": number.to_string()});
            json!({"eventName": "INSERT", "dynamodb": change})
        };
        let event = to_raw_value(&json!({"Records": [record(1), record(2), record(3)]})).unwrap();
        let consumer = Panicking::default();
        let clock = || Timestamp::from_seconds(0);
        let response = handle(&consumer, &clock, &event).now_or_never().unwrap();
        assert_eq!(response, BatchResponse::failed_from("2".to_owned()));
        assert_eq!(*consumer.0.lock().unwrap(), 3);
    }
}
