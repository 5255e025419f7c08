//! Sends an email once, by leasing its item.

use serde::de::DeserializeOwned;
use shared::{
    Config, ConfigError, EmailAddress, Language, Metric, Timestamp,
    domain::{request_context::ClientInfo, verification::Reply},
    store::{Lease, OutboxItem, Store, StoreError},
};

use crate::{
    email::{Branding, Email, Requester},
    ses::{SendError, Ses},
};

/// The outcome of a delivery attempt.
#[derive(Debug)]
pub enum Outcome {
    /// The email was sent, and counts in this metric.
    Sent(Metric),
    /// There is nothing to send, or it was sent before.
    Done,
    /// The email is not worth sending any more.
    Dropped(&'static str),
    /// The address is suppressed.
    Suppressed,
    /// The attempt failed, and a later one can succeed.
    Retry(String),
    /// No attempt can succeed.
    Permanent(String),
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Sends the emails of the outbox.
#[derive(Debug)]
pub struct Mailer {
    /// The table.
    pub store: Store,
    ses: Ses,
    branding: Branding,
}

impl Mailer {
    /// Creates a mailer with clients of its own. Nothing is connected yet.
    ///
    /// # Errors
    /// If the sender is not configured.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let sender = config.sender()?.clone();
        let branding = Branding {
            product: sender.product.clone(),
            takes_replies: sender.reply_to.is_some(),
            link: sender.link.clone(),
            color: sender.color.clone(),
        };
        Ok(Self { store: Store::new(config), ses: Ses::new(&config.aws, sender), branding })
    }

    /// Leases an item, sends its email, and marks the item as done, or releases the lease if the
    /// email was certainly not sent.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn deliver<T: DeserializeOwned>(
        &self,
        item: OutboxItem,
        reply: Option<&Reply>,
        now: Timestamp,
        send: impl AsyncFnOnce(&T) -> Result<Metric, SendError>,
    ) -> Result<Outcome, StoreError> {
        let (leased, holder) = match self.store.acquire_lease(item, reply, now).await? {
            Lease::Acquired(leased, holder) => (leased, holder),
            Lease::Held => return Ok(Outcome::Retry("another attempt has the lease".to_owned())),
            Lease::Finished => return Ok(Outcome::Done),
            Lease::Exhausted => {
                let cause = "SES did not respond to any attempt; it may have been sent".to_owned();
                return self.store.finish(item, now).await.map(|()| Outcome::Permanent(cause));
            }
        };
        match send(&leased).await {
            Ok(metric) => self.store.finish(item, now).await.map(|()| Outcome::Sent(metric)),
            Err(SendError::Permanent(cause)) => self.store.finish(item, now).await.map(|()| Outcome::Permanent(cause)),
            Err(SendError::Refused(cause)) => self.store.release(item, holder).await.map(|()| Outcome::Retry(cause)),
            // SES may still be sending it, so the lease stays until its end.
            Err(SendError::Unknown(cause)) => Ok(Outcome::Retry(cause)),
        }
    }

    /// Sends an email about the request that a client made at this time.
    ///
    /// # Errors
    /// If the email cannot be rendered, or SES does not accept it.
    pub async fn send(
        &self,
        to: &EmailAddress,
        email: &Email<'_>,
        language: Language,
        (client, at): (&ClientInfo, Timestamp),
    ) -> Result<(), SendError> {
        let ip = client.ip.to_string();
        let requester = Requester { ip: &ip, user_agent: &client.user_agent, at: at.seconds() };
        let message = email.write(language, &self.branding, &requester)?;
        self.ses.send(to, message).await
    }
}
