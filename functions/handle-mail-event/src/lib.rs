//! Handles SES's events about emails: an address that bounced or complained is suppressed and gets
//! no more email.
//!
//! SES itself keeps the account from sending to addresses that bounced (`SuppressionOptions` in
//! template.yaml). Storing them here as well makes them visible, survives a change of the account,
//! and costs no sending: an email that is not handed to SES cannot bounce.

mod event;

use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    Config, Metric, Timestamp,
    store::{Store, StoreError, Suppression},
};

use crate::event::{MailEvent, Report};

/// The name of the function, everywhere the same.
pub const NAME: &str = "handle-mail-event";

/// The state of the function's process.
#[derive(Debug)]
pub struct HandleMailEvent {
    store: Store,
    complaint_suppression: Duration,
}

/// Serves the function from the Lambda runtime for the life of the process.
///
/// # Errors
/// If a required environment variable is missing, or the runtime ends.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let function = HandleMailEvent::new(&config);
    let handle = async |event: LambdaEvent<Box<RawValue>>| {
        function.handle(Timestamp::now(), &event.payload).await.map_err(|error| error.to_string())
    };
    lambda_runtime::run(service_fn(handle)).await
}

impl HandleMailEvent {
    /// Creates the state with a DynamoDB client of its own. Nothing is connected yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { store: Store::new(config), complaint_suppression: config.limits.complaint_suppression }
    }

    /// Handles an event. Events that are not from SES, or that report nothing permanent, are
    /// ignored.
    ///
    /// # Errors
    /// If DynamoDB fails: Lambda retries twice.
    pub async fn handle(&self, now: Timestamp, event: &RawValue) -> Result<(), StoreError> {
        let Ok(MailEvent { detail }) = serde_json::from_str(event.get()) else {
            tracing::error!(function = NAME, "not an SES event");
            return Ok(());
        };
        let Some(report) = detail.report() else { return Ok(()) };
        let message_id = detail.mail.message_id.as_str();
        let (suppression, metric, event) = match report {
            Report::Bounce => (Suppression::Bounce, Metric::MailsBounced, "bounced"),
            Report::Complaint => {
                let suppression = Suppression::Complaint { until: now.plus(self.complaint_suppression) };
                (suppression, Metric::MailsComplained, "reported as spam")
            }
        };
        // Every email of this service has one recipient.
        let Some(address) = detail.mail.recipient() else {
            tracing::error!(function = NAME, message_id, "not an email of this service: {event}");
            return Ok(());
        };
        self.store.suppress(&address, suppression, now).await.inspect_err(|error| {
            tracing::error!(function = NAME, message_id, cause = %error, "will be retried: {event}");
        })?;
        tracing::warn!(function = NAME, message_id, metric = metric.name(), "{event}: the address is now suppressed");
        Ok(())
    }
}
