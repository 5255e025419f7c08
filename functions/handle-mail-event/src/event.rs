//! SES events about an email, as `EventBridge` delivers them (Amazon SES Developer Guide,
//! "Contents of event data that Amazon SES publishes").

use serde::Deserialize;
use shared::{EmailAddress, store::Suppression};

/// The part of an event that the function reads.
#[derive(Deserialize)]
pub(crate) struct MailEvent {
    pub(crate) detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    pub(crate) mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mail {
    /// The message ID that SES assigned and returned from `SendEmail`.
    pub(crate) message_id: String,
    destination: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

impl Detail {
    /// Returns the reason to suppress the address, if the event gives one.
    ///
    /// Transient bounces, such as a full mailbox or a server that is down, are no reason, and
    /// neither is a complaint that reports an email as *not* spam.
    pub(crate) fn suppression(&self) -> Option<Suppression> {
        if self.bounce.as_ref().is_some_and(|bounce| bounce.bounce_type == "Permanent") {
            return Some(Suppression::Bounce);
        }
        let complaint = self.complaint.as_ref()?;
        (complaint.complaint_feedback_type.as_deref() != Some("not-spam")).then_some(Suppression::Complaint)
    }
}

impl Mail {
    /// Returns the only recipient that the email was sent to.
    ///
    /// The recipients in the bounce itself are not used: if the address forwards its email, they
    /// can name the address it is forwarded to.
    pub(crate) fn recipient(&self) -> Option<EmailAddress> {
        let [address] = self.destination.as_slice() else { return None };
        EmailAddress::parse(address).ok()
    }
}
