//! SES v2: accepts emails and stores them in memory.
//!
//! - `POST /v2/email/outbound-emails`: `SendEmail`, as the SDKs call it.
//! - `GET /_aws/ses`: returns the sent emails as JSON in `LocalStack`'s format, oldest first.
//!   `?id=` selects one email. `?email=` selects the emails from an address, as in `LocalStack`,
//!   and also those to it.
//! - `DELETE /_aws/ses`: deletes the emails; with `?id=`, only that one.

mod inbox;
mod request;
mod simulator;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

pub use inbox::Email;
pub(crate) use inbox::Inbox;

use crate::clock::{Clock, rfc3339};
use crate::event_bus::EventBus;
use crate::template::REGION;

/// The state shared by the routes.
#[derive(Clone)]
pub(crate) struct Ses {
    pub(crate) inbox: Inbox,
    pub(crate) clock: Clock,
    /// The bus that receives the events about emails.
    pub(crate) events: EventBus,
}

/// The query parameters that select emails.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Selection {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

impl Selection {
    fn includes(&self, mail: &Email) -> bool {
        let by_address = self.email.as_ref().is_none_or(|address| {
            let address = bare(address);
            mail.to.iter().chain([&mail.from]).any(|known| is_same_address(known, address))
        });
        by_address && self.id.as_ref().is_none_or(|id| *id == mail.id)
    }
}

/// Returns whether `known` is the address, or `Display Name <address>`. It compares from the end
/// without parsing, because every request compares the addresses of up to a thousand emails.
fn is_same_address(known: &str, address: &str) -> bool {
    let known = known.strip_suffix('>').unwrap_or(known).as_bytes();
    let split = known.len().checked_sub(address.len()).and_then(|at| known.split_at_checked(at));
    split.is_some_and(|(name, end)| {
        end.eq_ignore_ascii_case(address.as_bytes()) && (name.is_empty() || name.ends_with(b"<"))
    })
}

/// Returns the address in `Display Name <address>`.
fn bare(address: &str) -> &str {
    let inside = address.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inside.unwrap_or(address)
}

/// Handles `SendEmail`.
pub(crate) async fn send(State(ses): State<Ses>, body: Bytes) -> Response {
    match request::parse(&body, ses.clock.now()) {
        Ok(mail) => {
            let id = mail.id.clone();
            let event = simulator::event(&mail);
            ses.inbox.put(mail);
            if let Some(event) = event {
                ses.events.put(&event).await;
            }
            Json(json!({"MessageId": id})).into_response()
        }
        Err(message) => {
            let error = [("x-amzn-errortype", "BadRequestException")];
            (StatusCode::BAD_REQUEST, error, Json(json!({"message": message}))).into_response()
        }
    }
}

/// Lists the selected emails.
pub(crate) async fn list(State(ses): State<Ses>, Query(selection): Query<Selection>) -> Json<Value> {
    let messages: Vec<Value> =
        ses.inbox.select(|mail| selection.includes(mail)).iter().map(localstack_format).collect();
    Json(json!({"messages": messages}))
}

/// Deletes the selected emails.
pub(crate) async fn clear(State(ses): State<Ses>, Query(selection): Query<Selection>) -> StatusCode {
    ses.inbox.delete(|mail| selection.includes(mail));
    StatusCode::NO_CONTENT
}

fn localstack_format(mail: &Email) -> Value {
    json!({
        "Id": mail.id,
        "Region": REGION,
        "Timestamp": rfc3339(mail.sent_at.seconds()),
        "Source": mail.from,
        "Destination": {"ToAddresses": mail.to, "CcAddresses": [], "BccAddresses": []},
        "ReplyToAddresses": mail.reply_to,
        "Subject": mail.subject,
        "Body": {"text_part": mail.text, "html_part": mail.html},
        "Headers": mail.headers,
        "Tags": mail.tags,
        "ConfigurationSetName": mail.configuration_set,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_matches_with_and_without_a_display_name() {
        for known in ["jane@example.com", "Jane@Example.com", "Jane Doe <jane@example.com>", "<jane@example.com>"] {
            assert!(is_same_address(known, "jane@example.com"), "{known}");
        }
        for other in ["", "example.com", "mary-jane@example.com", "Jane <mary-jane@example.com>", "jane@example.com.au"]
        {
            assert!(!is_same_address(other, "jane@example.com"), "{other}");
        }
    }
}
