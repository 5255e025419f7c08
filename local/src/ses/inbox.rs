//! The sent emails, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::Timestamp;

/// The number of emails that are kept. When it is reached, the oldest email is removed.
const MAX_EMAILS: usize = 1000;

/// An email as it was handed to SES.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Email {
    /// The message ID that was returned to the sender.
    pub id: String,
    /// The sender's address, as given in the request.
    pub from: String,
    /// All recipients: to, copy and blind copy.
    pub to: Vec<String>,
    /// The addresses for replies, if not the sender's.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The plain-text body; empty if there is none.
    pub text: String,
    /// The HTML body; empty if there is none.
    pub html: String,
    /// Additional headers.
    pub headers: BTreeMap<String, String>,
    /// The tags, which SES uses for its statistics.
    pub tags: BTreeMap<String, String>,
    /// The configuration set that the email was sent with.
    pub configuration_set: Option<String>,
    /// When the email was sent, by the stack's clock.
    pub sent_at: Timestamp,
}

/// The emails sent so far. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    received: Arc<Mutex<VecDeque<Email>>>,
}

impl Inbox {
    pub(super) fn put(&self, mail: Email) {
        let mut received = self.lock();
        if received.len() == MAX_EMAILS {
            received.pop_front();
        }
        received.push_back(mail);
    }

    /// Returns all emails, oldest first.
    pub(crate) fn all(&self) -> Vec<Email> {
        self.select(|_| true)
    }

    /// Returns the selected emails, oldest first. Emails are large, so only those are copied.
    pub(super) fn select(&self, which: impl Fn(&Email) -> bool) -> Vec<Email> {
        self.lock().iter().filter(|mail| which(mail)).cloned().collect()
    }

    pub(super) fn delete(&self, which: impl Fn(&Email) -> bool) {
        self.lock().retain(|mail| !which(mail));
    }

    /// Locks the emails. A poisoned lock still guards complete emails, because no code that holds
    /// it can leave one half-written.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Email>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
