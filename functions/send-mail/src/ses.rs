//! SES v2, and what each of its refusals means for the mail (SES API v2 Reference, `SendEmail`).

use std::{fmt, time::Duration};

use aws_sdk_sesv2::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader},
};
use shared::{Aws, EmailAddress, Sender};

use crate::letter::Message;

/// Why a mail was not sent.
pub(crate) enum Refusal {
    /// SES is throttled, down, or not set up: worth trying again.
    Later(String),
    /// This mail can't be sent, now or ever.
    Never(String),
}

/// The sender's client.
pub(crate) struct Ses {
    client: Client,
    sender: Sender,
    from: String,
}

impl fmt::Debug for Ses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ses(..)")
    }
}

impl Ses {
    pub(crate) fn new(aws: &Aws, sender: Sender) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(Duration::from_secs(6))
            .build();
        let credentials = Credentials::new(
            &aws.access_key_id,
            &aws.secret_access_key,
            aws.session_token.clone(),
            None,
            "environment",
        );
        let mut config = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(credentials)
            .http_client(shared::http_client(aws.sesv2_url.as_deref()))
            // The stream brings a mail again; trying more often here would only hold the others up.
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(timeouts);
        config.set_endpoint_url(aws.sesv2_url.clone());
        let from = from(&sender);
        Self { client: Client::from_conf(config.build()), sender, from }
    }

    pub(crate) async fn send(&self, to: &EmailAddress, message: Message) -> Result<(), Refusal> {
        let content = content(message).map_err(|_| Refusal::Never("the email cannot be built".to_owned()))?;
        let reply_to = self.sender.reply_to.as_ref().map(|address| vec![address.as_str().to_owned()]);
        let sent = self.client.send_email().from_email_address(&self.from).set_reply_to_addresses(reply_to);
        let sent = sent.destination(Destination::builder().to_addresses(to.as_str()).build());
        let sent = sent.content(content).set_configuration_set_name(self.sender.configuration_set.clone()).send().await;
        sent.map(|_| ()).map_err(|error| refusal(&error))
    }
}

/// A display name goes into a header: only what needs no encoding there is shown.
fn from(sender: &Sender) -> String {
    let address = sender.address.as_str();
    let plain = |char: char| char.is_ascii_alphanumeric() || " .-_&'".contains(char);
    if sender.product.chars().all(plain) { format!("\"{}\" <{address}>", sender.product) } else { address.to_owned() }
}

fn content(message: Message) -> Result<EmailContent, BuildError> {
    let utf8 = |data: String| Content::builder().data(data).charset("UTF-8").build();
    let header = |name, value| MessageHeader::builder().name(name).value(value).build();
    let body = Body::builder().text(utf8(message.text)?).html(utf8(message.html)?).build();
    let message = SesMessage::builder()
        .subject(utf8(message.subject)?)
        .body(body)
        .headers(header("Auto-Submitted", "auto-generated")?) // RFC 3834
        .headers(header("X-Auto-Response-Suppress", "All")?) // Exchange's own, for the same
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Only the code of an error is repeated: its words may hold the address.
fn refusal<R>(error: &SdkError<SendEmailError, R>) -> Refusal {
    let Some(service_error) = error.as_service_error() else {
        return Refusal::Later("SES: no response".to_owned());
    };
    let why = format!("SES: {}", service_error.code().unwrap_or("error without a code"));
    match service_error {
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => Refusal::Never(why),
        // Throttled or over the quota; or the operator's to mend (account suspended or paused, sender's domain not verified,
        // configuration set missing): the mail waits, and ends in the dead-letter queue, not nowhere.
        _ => Refusal::Later(why),
    }
}
