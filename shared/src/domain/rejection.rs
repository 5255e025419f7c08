//! The reason why a value of a request is rejected.

use std::borrow::Cow;

use serde::Serialize;

/// The reason as programs read it: `code` in the errors of a response. docs/errors.md and
/// openapi.yaml list the meanings. A code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The member is absent or `null`.
    Missing,
    /// Another JSON type is required.
    Type,
    /// There is nothing but blanks.
    Blank,
    /// There are too many characters or bytes.
    TooLong,
    /// A character is not allowed.
    Characters,
    /// Letters of scripts or directions that cannot be mixed are mixed.
    MixedScripts,
    /// The value does not have the required form.
    Format,
    /// The number is too small or too large.
    Range,
    /// No user can have the value.
    Reserved,
    /// Another user has the value.
    Taken,
    /// The address is verified already, for the user's own account.
    AlreadyVerified,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::Missing,
        Self::Type,
        Self::Blank,
        Self::TooLong,
        Self::Characters,
        Self::MixedScripts,
        Self::Format,
        Self::Range,
        Self::Reserved,
        Self::Taken,
        Self::AlreadyVerified,
    ];
}

/// The reason for programs, and the requirement in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// For programs.
    #[serde(rename = "code")]
    pub reason: Reason,
    /// The requirement that the value does not meet: a fixed sentence fragment in printable ASCII,
    /// because it is part of a header.
    pub message: Cow<'static, str>,
}

impl Rejection {
    /// Creates a rejection.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, message: message.into() }
    }
}
