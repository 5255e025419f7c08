//! The outbox's consumer: the table's stream comes in, mails go out through SES.
//!
//! Every request for a code and every notice is an item that was stored together with what it is about. Here it is decided, after
//! the caller has his answer, what the owner of the address is told: his code, or that he has an account already, or none, or that
//! the address is somebody else's. So no answer of the API can tell whether an address is known.
//!
//! Records are worked off in order. The first that may succeed later ends the batch and is reported with all that follow
//! (`ReportBatchItemFailures`); one that never can is logged and passed over, so that it holds nobody else's mail up.

mod delivery;
mod letter;
mod record;
mod ses;

use std::{convert::Infallible, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::{App, Config, ConfigError, Metric, Timestamp, code::CodeKeys};

use crate::{delivery::Outcome, letter::Letterhead, record::Record, ses::Ses};

/// The function's name, everywhere the same.
pub const NAME: &str = "send-mail";

/// What the function holds for as long as its process lives.
#[derive(Debug)]
pub struct SendMail {
    app: App,
    keys: CodeKeys,
    ses: Ses,
    letterhead: Letterhead,
}

/// Which records are to come again: the first of these and all after it.
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

/// Serves the function from the Lambda runtime, for as long as the process lives.
///
/// # Errors
/// If the environment lacks something, or the runtime goes away.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let function = SendMail::new(config)?;
    let answer = async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Infallible>(function.handle(shared::system_time(), &event.payload).await)
    };
    lambda_runtime::run(service_fn(answer)).await
}

impl SendMail {
    /// With clients of its own; nothing is connected yet.
    ///
    /// # Errors
    /// If the key of the codes or the sender isn't configured.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let keys = config.code_keys()?.clone();
        let sender = config.sender()?.clone();
        let letterhead = Letterhead {
            product: sender.product.clone(),
            takes_replies: sender.reply_to.is_some(),
            link: sender.link.clone(),
            color: sender.color.clone(),
        };
        let ses = Ses::new(&config.aws, sender);
        Ok(Self { app: App::new(config), keys, ses, letterhead })
    }

    /// Works a batch of stream records off.
    pub async fn handle(&self, now: Timestamp, event: &RawValue) -> BatchResponse {
        let Ok(event) = serde_json::from_str::<StreamEvent>(event.get()) else {
            tracing::error!(function = NAME, "not a DynamoDB stream event");
            // An empty identifier: the whole batch failed.
            return BatchResponse::again_from(String::new());
        };
        for raw in event.records {
            let sequence_number = record::sequence_number(&raw);
            let outcome = AssertUnwindSafe(Box::pin(self.work_off(now, &raw))).catch_unwind().await;
            match outcome.unwrap_or(Outcome::Never("a panic".into())) {
                Outcome::Done => {}
                Outcome::Sent(metric) => {
                    tracing::info!(function = NAME, sequence_number, counts = metric.name(), "sent");
                }
                Outcome::Dropped(why) => {
                    let counts = Metric::MailsDropped.name();
                    tracing::info!(function = NAME, sequence_number, counts, "dropped: {why}");
                }
                Outcome::Suppressed => {
                    let counts = Metric::MailsSuppressed.name();
                    tracing::info!(function = NAME, sequence_number, counts, "suppressed: earlier bounce or complaint");
                }
                Outcome::Never(why) => {
                    let counts = Metric::MailsUndeliverable.name();
                    tracing::error!(function = NAME, sequence_number, counts, "undeliverable: {why}");
                }
                Outcome::Later(why) => {
                    let counts = Metric::MailsDelayed.name();
                    tracing::warn!(function = NAME, sequence_number, counts, "will be retried: {why}");
                    return BatchResponse::again_from(sequence_number);
                }
            }
        }
        BatchResponse::default()
    }

    async fn work_off(&self, now: Timestamp, raw: &RawValue) -> Outcome {
        match Record::read(raw) {
            Ok(Record::Verification(verification)) => self.answer(&verification, now).await,
            Ok(Record::Notice(notice)) => self.notify(&notice, now).await,
            Ok(Record::Other) => Outcome::Done,
            Err(why) => Outcome::Never(why.into()),
        }
    }
}

impl BatchResponse {
    fn again_from(item_identifier: String) -> Self {
        Self { batch_item_failures: vec![BatchItemFailure { item_identifier }] }
    }
}
