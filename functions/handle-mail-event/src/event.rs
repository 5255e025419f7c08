//! SES's events about emails, as `EventBridge` delivers them (Amazon SES Developer Guide, "Contents
//! of event data that Amazon SES publishes").

use serde::Deserialize;
use shared::EmailAddress;

/// The part of an event that is read.
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
    /// SES's ID of the email, as in the response of `SendEmail`.
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

/// A report of SES that suppresses an address.
pub(crate) enum Report {
    Bounce,
    Complaint,
}

impl Detail {
    /// Returns the report for which the address is to be suppressed, if it is one.
    ///
    /// A full mailbox or a server that is down will accept email again, and a complaint of type
    /// `not-spam` is none.
    pub(crate) fn report(&self) -> Option<Report> {
        if self.bounce.as_ref().is_some_and(|bounce| bounce.bounce_type == "Permanent") {
            return Some(Report::Bounce);
        }
        let complaint = self.complaint.as_ref()?;
        (complaint.complaint_feedback_type.as_deref() != Some("not-spam")).then_some(Report::Complaint)
    }
}

impl Mail {
    /// Returns the recipient of the email. The address in a bounce can be one that the recipient
    /// forwards to.
    pub(crate) fn recipient(&self) -> Option<EmailAddress> {
        let [address] = self.destination.as_slice() else { return None };
        EmailAddress::parse(address).ok()
    }
}
