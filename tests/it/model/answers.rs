//! The responses and emails that the model expects of the product.

use super::requests::{Name, Tag};
use crate::support::EmailKind;

/// The expected result of one step.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) answer: Result<Success, Refusal>,
    /// Kinds and recipients, in any order.
    pub(super) sent: Vec<(EmailKind, String)>,
    /// The length of the code in them, if there is one.
    pub(super) digits: Option<usize>,
}

/// A success, with everything that the body must contain.
#[derive(Clone, Debug)]
pub(super) enum Success {
    Acknowledged,
    /// A session was extended until this time.
    Extended {
        ends: i64,
    },
    /// A code was requested, perhaps with a session, which ends at this time once it is active.
    Requested {
        session_ends: Option<i64>,
    },
    Session(SessionDetails),
    Sessions {
        /// Each with its beginning and its end.
        active: Vec<(Tag, i64, i64)>,
        current: Tag,
    },
    Emails(Vec<ListedEmail>),
    User {
        alias: Name,
    },
    Account {
        user: Tag,
        alias: Name,
        created_at: i64,
        emails: Box<Success>,
        sessions: Box<Success>,
        key_pairs: Box<Success>,
    },
    /// A key pair was created, which ends at this time once it is verified.
    CreatedKeyPair {
        ends: i64,
    },
    KeyPair {
        listed: ListedKeyPair,
        user: Tag,
        alias: Name,
    },
    KeyPairs(Vec<ListedKeyPair>),
}

#[derive(Clone, Debug)]
pub(super) struct SessionDetails {
    pub(super) code: Tag,
    pub(super) user: Tag,
    pub(super) alias: Name,
    pub(super) authenticated_at: i64,
    pub(super) ends: i64,
}

#[derive(Clone, Debug)]
pub(super) struct ListedEmail {
    pub(super) email: Tag,
    pub(super) address: Name,
    pub(super) verified: bool,
    pub(super) preferred: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ListedKeyPair {
    pub(super) key_pair: Tag,
    pub(super) ends: i64,
    pub(super) verified: bool,
}

/// A refusal (docs/errors.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With the names of the invalid fields.
    Invalid(Vec<&'static str>),
    Unauthenticated,
    StepUpRequired,
    CodeRefused,
    /// The bearer token and the code are checked concurrently, and both are wrong: either error may
    /// be returned.
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
            Self::Unauthenticated | Self::StepUpRequired | Self::CodeRefused | Self::UnauthenticatedOrCodeRefused => {
                401
            }
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::TooManyRequests(_) => 429,
            Self::Unavailable => 503,
        }
    }

    /// Returns the possible kinds: the last part of the problem's `type`.
    pub(super) fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::Invalid(_) => &["invalid-input"],
            Self::Unauthenticated => &["unauthenticated"],
            Self::StepUpRequired => &["step-up-required"],
            Self::CodeRefused => &["code-refused"],
            Self::UnauthenticatedOrCodeRefused => &["unauthenticated", "code-refused"],
            Self::Forbidden => &["forbidden"],
            Self::NotFound => &["not-found"],
            Self::TooManyRequests(_) => &["too-many-requests"],
            Self::Unavailable => &["unavailable"],
        }
    }

    /// Returns the field names in `errors`.
    pub(super) fn fields(&self) -> &[&'static str] {
        if let Self::Invalid(fields) = self { fields } else { &[] }
    }

    /// Returns the seconds in `Retry-After`, if they are known.
    pub(super) fn retry_after(&self) -> Option<i64> {
        if let Self::TooManyRequests(seconds) = self { Some(*seconds) } else { None }
    }
}
