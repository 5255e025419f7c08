//! What the model says that the product answers and mails.

use super::requests::{Tag, Typed};
use crate::support::Letter;

/// What is expected of one step.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) answer: Result<Told, Refusal>,
    /// Each to one address; in any order.
    pub(super) mails: Vec<(Letter, String)>,
    /// How long the code in them is, if there is one.
    pub(super) digits: Option<usize>,
}

/// A success, with all that the body must say.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Acknowledged,
    /// A code was asked for; with a session that it will open, and when that will end.
    Requested {
        session_ends: Option<i64>,
    },
    Session(Opened),
    Sessions {
        open: Vec<(Tag, i64)>,
        current: Tag,
    },
    Emails(Vec<ListedEmail>),
    User {
        alias: Typed,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) asked_by: Tag,
    pub(super) user: Tag,
    pub(super) alias: Typed,
    pub(super) ends: i64,
}

#[derive(Clone, Debug)]
pub(super) struct ListedEmail {
    pub(super) email: Tag,
    pub(super) address: Typed,
    pub(super) verified: bool,
    pub(super) preferred: bool,
}

/// An answer that is none of these (docs/errors.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With the fields that it names.
    Invalid(Vec<&'static str>),
    Unauthenticated,
    CodeRefused,
    /// The bearer is looked up and the code tried at the same time, and neither is good: either is told.
    UnauthenticatedOrCodeRefused,
    Forbidden,
    NotFound,
    /// With the seconds of `Retry-After`.
    TooManyRequests(i64),
    Unavailable,
}

impl Refusal {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Unauthenticated | Self::CodeRefused | Self::UnauthenticatedOrCodeRefused => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::TooManyRequests(_) => 429,
            Self::Unavailable => 503,
        }
    }

    /// The last part of the problem's `type`: any of these.
    pub(super) fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::Invalid(_) => &["invalid-input"],
            Self::Unauthenticated => &["unauthenticated"],
            Self::CodeRefused => &["code-refused"],
            Self::UnauthenticatedOrCodeRefused => &["unauthenticated", "code-refused"],
            Self::Forbidden => &["forbidden"],
            Self::NotFound => &["not-found"],
            Self::TooManyRequests(_) => &["too-many-requests"],
            Self::Unavailable => &["unavailable"],
        }
    }

    /// The names in `errors`.
    pub(super) fn fields(&self) -> &[&'static str] {
        if let Self::Invalid(fields) = self { fields } else { &[] }
    }

    /// Seconds, where it is known how many.
    pub(super) fn retry_after(&self) -> Option<i64> {
        if let Self::TooManyRequests(seconds) = self { Some(*seconds) } else { None }
    }
}
