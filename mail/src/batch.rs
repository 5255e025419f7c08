//! A batch of stream records, and the response that names those to deliver again.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::{Config, ConfigError, Metric, Timestamp, store::StoreError};

use crate::{
    delivery::Outcome,
    record::{self, Record},
};

/// The records that Lambda delivers again: the first of these and all after it.
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

/// A function that consumes the outbox.
pub trait Consumer: Sized + Sync {
    /// The name of the function.
    const NAME: &'static str;

    /// Creates the state of the function's process. Nothing is connected yet.
    ///
    /// # Errors
    /// If the configuration lacks a setting.
    fn new(config: &Config) -> Result<Self, ConfigError>;

    /// Sends the email that a record asks for.
    fn mail(&self, record: Record, now: Timestamp) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
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
        Ok::<_, Infallible>(handle(&function, Timestamp::now(), &event.payload).await)
    };
    lambda_runtime::run(service_fn(respond)).await
}

/// Processes a batch of stream records.
pub async fn handle<C: Consumer>(consumer: &C, now: Timestamp, event: &RawValue) -> BatchResponse {
    let function = C::NAME;
    let Ok(event) = serde_json::from_str::<StreamEvent>(event.get()) else {
        tracing::error!(function, "not a DynamoDB stream event");
        // An empty identifier: the whole batch failed.
        return BatchResponse::failed_from(String::new());
    };
    for raw in event.records {
        let sequence_number = record::sequence_number(&raw);
        let outcome = async {
            match Record::read(&raw) {
                Ok(record) => consumer.mail(record, now).await.unwrap_or_else(Outcome::from),
                Err(cause) => Outcome::Permanent(cause.into()),
            }
        };
        let outcome = AssertUnwindSafe(Box::pin(outcome)).catch_unwind().await;
        match outcome.unwrap_or(Outcome::Permanent("a panic".into())) {
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
                return BatchResponse::failed_from(sequence_number);
            }
        }
    }
    BatchResponse::default()
}

impl BatchResponse {
    fn failed_from(item_identifier: String) -> Self {
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }] }
    }
}
