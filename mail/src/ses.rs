//! SES v2, and what each of its errors means for the email (SES API v2 Reference, `SendEmail`).

use std::{fmt, time::Duration};

use aws_sdk_sesv2::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader},
};
use shared::{
    EmailAddress,
    config::{Aws, Sender},
    runtime::http_client::http_client,
};

use crate::email::Message;

/// The reason why an email was not sent.
#[derive(Debug)]
pub enum SendError {
    /// SES is throttled, down, or not set up. A later attempt can succeed.
    Retry(String),
    /// No attempt to send this email can succeed.
    Permanent(String),
}

impl SendError {
    /// The email could not be rendered.
    pub(crate) fn unwritable() -> Self {
        Self::Permanent("the email cannot be rendered".to_owned())
    }
}

impl From<askama::Error> for SendError {
    fn from(_: askama::Error) -> Self {
        Self::unwritable()
    }
}

/// The client of SES, with the sender of every email.
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
            .http_client(http_client(aws.sesv2_url.as_deref()))
            // The stream delivers a failed record again. More attempts here would only delay other
            // emails.
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(timeouts);
        config.set_endpoint_url(aws.sesv2_url.clone());
        let from = from(&sender);
        Self { client: Client::from_conf(config.build()), sender, from }
    }

    pub(crate) async fn send(&self, to: &EmailAddress, message: Message) -> Result<(), SendError> {
        let content = content(message).map_err(|_| SendError::unwritable())?;
        let reply_to = self.sender.reply_to.as_ref().map(|address| vec![address.as_str().to_owned()]);
        let sent = self.client.send_email().from_email_address(&self.from).set_reply_to_addresses(reply_to);
        let sent = sent.destination(Destination::builder().to_addresses(to.as_str()).build());
        let sent = sent.content(content).set_configuration_set_name(self.sender.configuration_set.clone()).send().await;
        sent.map(|_| ()).map_err(|error| classify(&error))
    }
}

/// Returns the `From` header. The product name is part of it if it needs no encoding.
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
        .headers(header("X-Auto-Response-Suppress", "All")?) // the same for Exchange
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Classifies an error of SES. Only its code is logged, because its message can contain the
/// address.
fn classify<R>(error: &SdkError<SendEmailError, R>) -> SendError {
    let Some(service_error) = error.as_service_error() else {
        return SendError::Retry("SES: no response".to_owned());
    };
    let cause = format!("SES: {}", service_error.code().unwrap_or("error without a code"));
    match service_error {
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => SendError::Permanent(cause),
        // Throttled or over the quota; or a problem that the operator can fix (account suspended or
        // paused, domain of the sender not verified, configuration set missing). The email waits,
        // and ends in the dead-email queue.
        _ => SendError::Retry(cause),
    }
}
