//! What SES tells of a mail, as `EventBridge` hands it over (Amazon SES Developer Guide, "Contents of event data that Amazon SES publishes").

use serde::Deserialize;
use shared::{EmailAddress, store::Suppression};

/// What is read of it.
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
    /// SES's own; the answer to `SendEmail` had it too.
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
    /// Why the address is to get no more mail, if it is.
    ///
    /// A mailbox that is full, or a server that is down, will take mail again; and somebody may report that a mail is *not* spam.
    pub(crate) fn suppression(&self) -> Option<Suppression> {
        if self.bounce.as_ref().is_some_and(|bounce| bounce.bounce_type == "Permanent") {
            return Some(Suppression::Bounce);
        }
        let complaint = self.complaint.as_ref()?;
        (complaint.complaint_feedback_type.as_deref() != Some("not-spam")).then_some(Suppression::Complaint)
    }
}

impl Mail {
    /// As the mail had it: whom a bounce names may be whoever that address forwards to.
    pub(crate) fn recipient(&self) -> Option<EmailAddress> {
        let [address] = self.destination.as_slice() else { return None };
        EmailAddress::parse(address).ok()
    }
}
