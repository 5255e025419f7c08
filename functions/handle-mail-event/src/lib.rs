//! What became of a mail: SES tells of bounces and complaints, and the address gets no mail any more.
//!
//! SES itself keeps such addresses from being mailed by the account (`SuppressionOptions` in template.yaml). That they are remembered here as
//! well makes it visible, survives a change of the account, and costs no sending: what is not handed to SES can't count as a bounce.

mod event;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    App, Config, Metric, Timestamp,
    store::{Fault, Suppression},
};

use crate::event::MailEvent;

/// The function's name, everywhere the same.
pub const NAME: &str = "handle-mail-event";

/// What the function holds for as long as its process lives.
#[derive(Debug)]
pub struct HandleMailEvent {
    app: App,
}

/// Serves the function from the Lambda runtime, for as long as the process lives.
///
/// # Errors
/// If the environment lacks something, or the runtime goes away.
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
    /// With a client of its own; nothing is connected yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { app: App::new(config) }
    }

    /// Takes note of an event. What is none, or tells of nothing that lasts, is passed over.
    ///
    /// # Errors
    /// The store's faults: Lambda tries again, twice.
    pub async fn handle(&self, now: Timestamp, event: &RawValue) -> Result<(), Fault> {
        let Ok(MailEvent { detail }) = serde_json::from_str(event.get()) else {
            tracing::error!(function = NAME, "not an SES event");
            return Ok(());
        };
        let Some(suppression) = detail.suppression() else { return Ok(()) };
        let message_id = detail.mail.message_id.as_str();
        let (metric, what) = match suppression {
            Suppression::Bounce => (Metric::MailsBounced, "bounced"),
            Suppression::Complaint => (Metric::MailsComplained, "reported as spam"),
        };
        // Every mail of ours goes to one address.
        let Some(address) = detail.mail.recipient() else {
            tracing::error!(function = NAME, message_id, "not an email of this service: {what}");
            return Ok(());
        };
        self.app.store.suppress(&address, suppression, now).await.inspect_err(|fault| {
            tracing::error!(function = NAME, message_id, cause = %fault, "will be retried: {what}");
        })?;
        let counts = metric.name();
        tracing::warn!(function = NAME, message_id, counts, "{what}: the address is now suppressed");
        Ok(())
    }
}
