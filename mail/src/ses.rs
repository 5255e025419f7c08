//! SES v2, and what each of its errors means for the email (SES API v2 Reference, `SendEmail`).

use std::{error::Error, fmt, iter, time::Duration};

use aws_sdk_sesv2::{
    Client,
    config::{BehaviorVersion, Credentials, Region, http::HttpResponse, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader},
};
use hyper_util::client;
use shared::{
    EmailAddress,
    config::{Aws, Sender},
    runtime::http_client::http_client,
};

use crate::email::Message;

/// How long a response of SES is awaited. The lease of an email is longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The reason why an email was not sent, as far as is known.
#[derive(Debug)]
pub enum SendError {
    /// SES did not accept the email: it is throttled, unreachable, or not set up. A later attempt
    /// can succeed.
    Refused(String),
    /// SES did not respond, or failed on its side, and may have sent the email.
    Unknown(String),
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
            .operation_attempt_timeout(TIMEOUT)
            .operation_timeout(TIMEOUT)
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
            // SendEmail is not idempotent, and the lease counts each attempt. The stream delivers a
            // failed record again.
            .retry_config(RetryConfig::disabled())
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
///
/// Only `BadRequestException` is final: an address or content that SES does not accept stays so,
/// and must not block the emails after it. Everything else says nothing about the recipient.
/// `MessageRejected` is also the response while the sender is not verified, and in the sandbox
/// while the recipient is not. `AccountSuspendedException`, `SendingPausedException`,
/// `LimitExceededException`, `MailFromDomainNotVerifiedException`, `NotFoundException`,
/// `TooManyRequestsException` and errors that are common to all services end when the operator or
/// time removes their cause. The email waits, and at the age limit of the event source its position
/// is in the queue.
fn classify(error: &SdkError<SendEmailError, HttpResponse>) -> SendError {
    let cause = format!("SES: {}", error.code().unwrap_or("no response"));
    if error.as_service_error().is_some_and(SendEmailError::is_bad_request_exception) {
        return SendError::Permanent(cause);
    }
    let refuses = |status: u16| status == 503 || (400..500).contains(&status);
    let was_refused = match error.raw_response() {
        Some(response) => refuses(response.status().as_u16()),
        None => matches!(error, SdkError::ConstructionFailure(_)) || never_connected(error),
    };
    if was_refused { SendError::Refused(cause) } else { SendError::Unknown(cause) }
}

/// Returns whether no connection was opened, so that SES cannot have received the email.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut causes = iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    causes.any(|cause| cause.downcast_ref::<client::legacy::Error>().is_some_and(client::legacy::Error::is_connect))
}
