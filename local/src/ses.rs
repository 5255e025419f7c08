//! SES v2: takes mails and keeps them.
//!
//! - `POST /v2/email/outbound-emails`: `SendEmail`, as the SDKs call it.
//! - `GET /_aws/ses`: what was sent, as JSON in `LocalStack`'s shape, oldest first. `?id=` picks one mail; `?email=`
//!   picks those from an address, as in `LocalStack`, and here also those to it.
//! - `DELETE /_aws/ses`: forgets them; with `?id=`, only that one.

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

pub(crate) use inbox::Inbox;
pub use inbox::Mail;

use crate::clock::{Clock, rfc3339};
use crate::event_bus::EventBus;
use crate::template::REGION;

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Ses {
    pub(crate) inbox: Inbox,
    pub(crate) clock: Clock,
    /// Where what becomes of the mails is told.
    pub(crate) events: EventBus,
}

/// Which mails are meant.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Selection {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

impl Selection {
    fn includes(&self, mail: &Mail) -> bool {
        let by_address = self.email.as_ref().is_none_or(|address| {
            let address = bare(address);
            mail.to.iter().chain([&mail.from]).any(|known| is_of(known, address))
        });
        by_address && self.id.as_ref().is_none_or(|id| *id == mail.id)
    }
}

/// Whether this is the address, or `Display Name <address>`. From its end, since a thousand mails are asked at every look.
fn is_of(known: &str, address: &str) -> bool {
    let known = known.strip_suffix('>').unwrap_or(known).as_bytes();
    let split = known.len().checked_sub(address.len()).and_then(|at| known.split_at_checked(at));
    split.is_some_and(|(name, end)| {
        end.eq_ignore_ascii_case(address.as_bytes()) && (name.is_empty() || name.ends_with(b"<"))
    })
}

/// The address in `Display Name <address>`.
fn bare(address: &str) -> &str {
    let inside = address.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inside.unwrap_or(address)
}

/// `SendEmail`.
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

/// The mails so far.
pub(crate) async fn list(State(ses): State<Ses>, Query(selection): Query<Selection>) -> Json<Value> {
    let messages: Vec<Value> =
        ses.inbox.select(|mail| selection.includes(mail)).iter().map(as_localstack_shows).collect();
    Json(json!({"messages": messages}))
}

/// Forgets mails.
pub(crate) async fn clear(State(ses): State<Ses>, Query(selection): Query<Selection>) -> StatusCode {
    ses.inbox.forget(|mail| selection.includes(mail));
    StatusCode::NO_CONTENT
}

fn as_localstack_shows(mail: &Mail) -> Value {
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
    fn an_address_is_known_with_and_without_a_name() {
        for known in ["jane@example.com", "Jane@Example.com", "Jane Doe <jane@example.com>", "<jane@example.com>"] {
            assert!(is_of(known, "jane@example.com"), "{known}");
        }
        for other in ["", "example.com", "mary-jane@example.com", "Jane <mary-jane@example.com>", "jane@example.com.au"]
        {
            assert!(!is_of(other, "jane@example.com"), "{other}");
        }
    }
}
