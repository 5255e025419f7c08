//! The consumer of the outbox: reads the table's stream and sends emails through SES.
//!
//! Every request for a code and every security notice is an item, stored together with the change
//! that it is about. After the client has its response, this function decides which email the owner
//! of the address gets: a code, or that they have an account, or none, or that the address belongs
//! to another account. So no response of the API reveals whether an address is known.
//!
//! Records are processed in order. The first that can succeed later ends the batch and is reported
//! with all that follow (`ReportBatchItemFailures`). One that can never succeed is logged and
//! skipped, so that it delays no other email.

mod delivery;
mod email;
mod record;
mod ses;

use std::{convert::Infallible, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::{Config, ConfigError, Metric, Timestamp, domain::code::CodeKeys, store::Store};

use crate::{delivery::Outcome, email::Letterhead, record::Record, ses::Ses};

/// The name of the function, everywhere the same.
pub const NAME: &str = "send-mail";

/// The state of the function's process.
#[derive(Debug)]
pub struct SendMail {
    store: Store,
    keys: CodeKeys,
    ses: Ses,
    letterhead: Letterhead,
}

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

/// Serves the function from the Lambda runtime for the life of the process.
///
/// # Errors
/// If a required environment variable is missing, or the runtime ends.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let function = SendMail::new(&config)?;
    let respond = async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Infallible>(function.handle(Timestamp::now(), &event.payload).await)
    };
    lambda_runtime::run(service_fn(respond)).await
}

impl SendMail {
    /// Creates the state with clients of its own. Nothing is connected yet.
    ///
    /// # Errors
    /// If the code key or the sender is not configured.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let keys = config.code_keys()?.clone();
        let sender = config.sender()?.clone();
        let letterhead = Letterhead {
            product: sender.product.clone(),
            takes_replies: sender.reply_to.is_some(),
            link: sender.link.clone(),
            color: sender.color.clone(),
        };
        let ses = Ses::new(&config.aws, sender);
        Ok(Self { store: Store::new(config), keys, ses, letterhead })
    }

    /// Processes a batch of stream records.
    pub async fn handle(&self, now: Timestamp, event: &RawValue) -> BatchResponse {
        let Ok(event) = serde_json::from_str::<StreamEvent>(event.get()) else {
            tracing::error!(function = NAME, "not a DynamoDB stream event");
            // An empty identifier: the whole batch failed.
            return BatchResponse::failed_from(String::new());
        };
        for raw in event.records {
            let sequence_number = record::sequence_number(&raw);
            let outcome = AssertUnwindSafe(Box::pin(self.process(now, &raw))).catch_unwind().await;
            match outcome.unwrap_or(Outcome::Permanent("a panic".into())) {
                Outcome::Done => {}
                Outcome::Sent(metric) => {
                    tracing::info!(function = NAME, sequence_number, metric = metric.name(), "sent");
                }
                Outcome::Dropped(reason) => {
                    let metric = Metric::MailsDropped.name();
                    tracing::info!(function = NAME, sequence_number, metric, "dropped: {reason}");
                }
                Outcome::Suppressed => {
                    let metric = Metric::MailsSuppressed.name();
                    tracing::info!(function = NAME, sequence_number, metric, "suppressed: earlier bounce or complaint");
                }
                Outcome::Permanent(cause) => {
                    let metric = Metric::MailsUndeliverable.name();
                    tracing::error!(function = NAME, sequence_number, metric, "undeliverable: {cause}");
                }
                Outcome::Retry(cause) => {
                    let metric = Metric::MailsDelayed.name();
                    tracing::warn!(function = NAME, sequence_number, metric, "will be retried: {cause}");
                    return BatchResponse::failed_from(sequence_number);
                }
            }
        }
        BatchResponse::default()
    }

    async fn process(&self, now: Timestamp, raw: &RawValue) -> Outcome {
        let delivered = match Record::read(raw) {
            Ok(Record::Verification(requested)) => self.reply(&requested, now).await,
            Ok(Record::Notice(notice)) => self.notify(&notice, now).await,
            Ok(Record::Other) => Ok(Outcome::Done),
            Err(cause) => Ok(Outcome::Permanent(cause.into())),
        };
        delivered.unwrap_or_else(Outcome::from)
    }
}

impl BatchResponse {
    fn failed_from(item_identifier: String) -> Self {
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }] }
    }
}
