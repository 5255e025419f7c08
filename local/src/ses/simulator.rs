//! SES's mailbox simulator: addresses at which every email bounces or causes a complaint ("Using
//! the mailbox simulator manually", Amazon SES Developer Guide).

use serde_json::{Value, json};

use super::Email;
use crate::clock::rfc3339;
use crate::template::{ACCOUNT, REGION};

/// The domain of the simulator's addresses.
const DOMAIN: &str = "simulator.amazonses.com";

/// Returns the event that SES would send to `EventBridge`, if the email goes to an address of the
/// simulator that causes one.
pub(super) fn event(mail: &Email) -> Option<Value> {
    let recipient = mail.to.iter().find_map(|address| {
        let (name, domain) = address.rsplit_once('@')?;
        // The simulator ignores labels. Senders use them to tell their tests apart.
        domain.eq_ignore_ascii_case(DOMAIN).then(|| name.split('+').next().unwrap_or(name).to_lowercase())
    })?;
    let timestamp = rfc3339(mail.sent_at.seconds());
    let recipients: Vec<_> = mail.to.iter().map(|address| json!({"emailAddress": address})).collect();
    let bounce = |sub_type: &str| {
        let bounce = json!({
            "feedbackId": mail.id, "bounceType": "Permanent", "bounceSubType": sub_type, "bouncedRecipients": recipients,
            "timestamp": timestamp,
        });
        ("Email Bounced", "Bounce", "bounce", bounce)
    };
    let (detail_type, event_type, member, feedback) = match recipient.as_str() {
        "bounce" => bounce("General"),
        "suppressionlist" => bounce("Suppressed"),
        "complaint" => {
            let complaint = json!({
                "feedbackId": mail.id, "complaintSubType": null, "complainedRecipients": recipients, "timestamp": timestamp,
                "complaintFeedbackType": "abuse",
            });
            ("Email Complaint Received", "Complaint", "complaint", complaint)
        }
        _ => return None,
    };
    let configuration_set = mail.configuration_set.as_deref().unwrap_or_default();
    Some(json!({
        "version": "0",
        "id": mail.id,
        "detail-type": detail_type,
        "source": "aws.ses",
        "account": ACCOUNT,
        "time": timestamp,
        "region": REGION,
        "resources": [format!("arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{configuration_set}")],
        "detail": {
            "eventType": event_type,
            member: feedback,
            "mail": {
                "timestamp": timestamp, "source": mail.from, "sendingAccountId": ACCOUNT, "messageId": mail.id,
                "destination": mail.to, "tags": {"ses:configuration-set": [configuration_set]},
            },
        },
    }))
}
