//! Handles the bounces and complaints that SES reports: the address gets no more email.
//!
//! SES also has a suppression list for the whole AWS account (`SuppressionOptions` in
//! template.yaml). Storing suppressions in the table as well makes them visible, keeps them when
//! the AWS account changes, and protects the bounce rate: an email that is not handed to SES cannot
//! count as a bounce.

mod event;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    App, Config, Metric, Timestamp,
    store::{Fault, Suppression},
};

use crate::event::MailEvent;

/// The function's name in Cargo, in template.yaml and in the log.
pub const NAME: &str = "handle-mail-event";

/// The function's state, which lives as long as the process.
#[derive(Debug)]
pub struct HandleMailEvent {
    app: App,
}

/// Runs the function on the Lambda runtime for as long as the process lives.
///
/// # Errors
/// If an environment variable is missing or invalid, or the runtime fails.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let function = HandleMailEvent::new(config);
    let handle = async |event: LambdaEvent<Box<RawValue>>| {
        function.handle(shared::system_time(), &event.payload).await.map_err(|fault| fault.to_string())
    };
    lambda_runtime::run(service_fn(handle)).await
}

impl HandleMailEvent {
    /// Creates the function with its own DynamoDB client. No connection is opened yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { app: App::new(config) }
    }

    /// Suppresses the address of a permanent bounce or a complaint, and ignores any other event.
    ///
    /// # Errors
    /// If the store fails. Lambda then retries twice.
    pub async fn handle(&self, now: Timestamp, event: &RawValue) -> Result<(), Fault> {
        let Ok(MailEvent { detail }) = serde_json::from_str(event.get()) else {
            tracing::error!(function = NAME, "not an event of SES");
            return Ok(());
        };
        let Some(suppression) = detail.suppression() else { return Ok(()) };
        let message_id = detail.mail.message_id.as_str();
        let (metric, what) = match suppression {
            Suppression::Bounce => (Metric::MailsBounced, "bounced"),
            Suppression::Complaint => (Metric::MailsComplained, "complained of"),
        };
        // Every email that the service sends has exactly one recipient.
        let Some(address) = detail.mail.recipient() else {
            tracing::error!(function = NAME, message_id, "not a mail of ours: {what}");
            return Ok(());
        };
        self.app.store.suppress(&address, suppression, now).await.inspect_err(|fault| {
            tracing::error!(function = NAME, message_id, cause = %fault, "to be tried again: {what}");
        })?;
        let counts = metric.name();
        tracing::warn!(function = NAME, message_id, counts, "{what}: no more mail goes there");
        Ok(())
    }
}
