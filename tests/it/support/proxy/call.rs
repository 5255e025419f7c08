//! Recorded calls to a service.

use std::time::Instant;

use serde_json::Value;

/// A call to DynamoDB or SES.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `GetItem` and so on. Empty for SES.
    pub(crate) operation: String,
    /// The body of the request.
    pub(crate) body: Value,
    /// The connection of the call: a number that no other connection of the process has.
    pub(crate) connection: usize,
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

impl Call {
    /// Returns the calls of endpoints only.
    ///
    /// `send-mail` reads whether an address is suppressed, leases an email, and marks it as sent.
    /// Before it leases the email of a code, it reads the owner of the address. As many of these
    /// reads are its own; further ones belong to an endpoint, and stay.
    pub(super) fn without_send_mail(calls: Vec<Self>) -> Vec<Self> {
        let is_lease = |call: &Self| call.change().starts_with("SET #leasedUntil") && call.key().starts_with("CODE#");
        let mut questions = calls.iter().filter(|call| is_lease(call)).count();
        let mut is_of_endpoint = |call: &Self| {
            if call.operation == "GetItem" && call.key().starts_with("ADDRESS#") && questions > 0 {
                questions -= 1;
                return false;
            }
            !call.change().contains("#leasedUntil") && !call.key().starts_with("SUPPRESSION#")
        };
        calls.into_iter().filter(|call| is_of_endpoint(call)).collect()
    }

    /// Returns the partition key of a call about one item.
    pub(crate) fn key(&self) -> &str {
        self.body["Key"]["pk"]["S"].as_str().unwrap_or_default()
    }

    /// Returns the update expression.
    pub(crate) fn change(&self) -> &str {
        self.body["UpdateExpression"].as_str().unwrap_or_default()
    }

    /// Returns the operation and the kind of item: `GetItem USER/SESSION`, `Query`,
    /// `TransactWriteItems`.
    pub(crate) fn site(&self) -> String {
        let kind = |name: &str| {
            let key = self.body["Key"][name]["S"].as_str().unwrap_or_default();
            key.split('#').next().unwrap_or_default().to_owned()
        };
        if self.key().is_empty() {
            self.operation.clone()
        } else {
            format!("{} {}/{}", self.operation, kind("pk"), kind("sk"))
        }
    }

    /// Returns the kinds and bodies of the parts of a transaction.
    pub(crate) fn parts(&self) -> Vec<(&str, &Value)> {
        let items = self.body["TransactItems"].as_array().map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .flat_map(|item| item.as_object().expect("a part"))
            .map(|(what, part)| (what.as_str(), part))
            .collect()
    }

    /// Returns the number of sequential calls: concurrent ones count once.
    pub(crate) fn round_trips(calls: &[Self]) -> usize {
        let mut by_end: Vec<_> = calls.iter().collect();
        by_end.sort_by_key(|call| call.ended);
        let mut trips = 0;
        let mut free = None;
        for call in by_end {
            if free.is_none_or(|free| call.began >= free) {
                trips += 1;
                free = Some(call.ended);
            }
        }
        trips
    }
}
