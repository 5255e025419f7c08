//! The mails that were sent, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::Timestamp;

/// How many mails are kept; the oldest make room.
const KEPT: usize = 1000;

/// A mail as SES was asked to send it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Mail {
    /// The message ID that the sender was given.
    pub id: String,
    /// Who sent it, as the sender wrote it.
    pub from: String,
    /// Who gets it: to, copy and blind copy.
    pub to: Vec<String>,
    /// Where answers go, if not to the sender.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text; empty if there is none.
    pub text: String,
    /// The HTML; empty if there is none.
    pub html: String,
    /// Headers beyond those above.
    pub headers: BTreeMap<String, String>,
    /// Tags for SES's own statistics.
    pub tags: BTreeMap<String, String>,
    /// The configuration set it was sent with.
    pub configuration_set: Option<String>,
    /// When, by the stack's clock.
    pub sent_at: Timestamp,
}

/// The mails so far. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    mails: Arc<Mutex<VecDeque<Mail>>>,
}

impl Inbox {
    pub(super) fn put(&self, mail: Mail) {
        let mut mails = self.mails();
        if mails.len() == KEPT {
            mails.pop_front();
        }
        mails.push_back(mail);
    }

    /// Every mail, oldest first.
    pub(crate) fn all(&self) -> Vec<Mail> {
        self.select(|_| true)
    }

    /// Those that are meant, oldest first. A mail is large: no other is copied.
    pub(super) fn select(&self, which: impl Fn(&Mail) -> bool) -> Vec<Mail> {
        self.mails().iter().filter(|mail| which(mail)).cloned().collect()
    }

    pub(super) fn forget(&self, which: impl Fn(&Mail) -> bool) {
        self.mails().retain(|mail| !which(mail));
    }

    /// Nothing can fail while the lock is held, so a poisoned one still guards whole mails.
    fn mails(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
