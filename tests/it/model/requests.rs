//! The steps of a sequence. Things are named by the step that created them, not by their IDs, which
//! differ from run to run. So a sequence keeps its meaning when steps are left out, and a failure
//! can shrink.

use std::fmt;

use super::answers::Refusal;

/// The number of the step that requested a code. It names the code and everything that results from
/// it: an account, its first address, a session, another address of an account.
pub(super) type Tag = u32;

/// One step.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Ask(Request),
    /// A request while DynamoDB fails in one operation.
    AskWhile(Failing, Request),
    /// A number of seconds passes.
    Pass(i64),
    /// DynamoDB deletes what has expired.
    Sweep,
    /// The stream delivers the record of a code again, and the mark that its email was sent is
    /// lost.
    Redeliver(Tag),
}

/// A request to one of the endpoints.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    SignUp { tag: Tag, address: Option<Name>, alias: Option<Name> },
    GetUser { user: Ref },
    GetAccount { bearer: Bearer },
    UpdateUser { bearer: Bearer, alias: Option<Name> },
    DeleteUser { bearer: Bearer },
    SignIn { tag: Tag, address: Option<Name> },
    VerifySession { code: Ref, guess: Guess },
    CheckSession { bearer: Bearer },
    ExtendSession { bearer: Bearer },
    CloseSession { bearer: Bearer, session: Ref },
    ListSessions { bearer: Bearer },
    CloseSessions { bearer: Bearer, keep: Option<&'static str> },
    Reauthenticate { tag: Tag, bearer: Bearer },
    AddEmail { tag: Tag, bearer: Bearer, address: Option<Name> },
    ListEmails { bearer: Bearer },
    VerifyEmail { bearer: Bearer, code: Ref, guess: Guess },
    ResendCode { tag: Tag, bearer: Bearer, address: Option<Name> },
    PreferEmail { bearer: Bearer, email: Ref },
    DeleteEmail { bearer: Bearer, email: Ref },
    CreateKeyPair { tag: Tag, bearer: Bearer, is_valid: bool },
    VerifyKeyPair { bearer: Bearer, code: Ref, guess: Guess },
    CheckKeyPair { key_pair: Ref },
    ListKeyPairs { bearer: Bearer },
    DeleteKeyPair { bearer: Bearer, key_pair: Ref },
}

/// An ID that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ref {
    Of(Tag),
    /// The ID of nothing.
    Unknown,
    /// Not an ID.
    Malformed,
}

/// The `Authorization` header of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    /// The token that was issued with a code, for a session that is pending, active, expired or
    /// closed.
    Of(Tag),
    Unknown,
    Malformed,
    None,
}

/// The code in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// The code in the email.
    Right,
    /// The same, as a JSON number.
    RightAsNumber,
    /// The code in another email.
    Of(Tag),
    Wrong,
    Malformed,
}

/// An operation of DynamoDB that fails, before it has done anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    GetItem,
    Query,
    TransactWriteItems,
    UpdateItem,
}

/// An address or alias in a certain spelling.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The index in [`NAMES`].
    pub(super) which: usize,
    /// Whether it is spelled in capital letters.
    pub(super) upper_case: bool,
}

/// Few names, so that users compete for them.
pub(super) const NAMES: [&str; 5] = ["ann", "bob", "cid", "dee", "eve"];

/// An invalid address and alias.
pub(super) const UNUSABLE: &str = "a b";

impl Name {
    pub(super) fn address(self) -> String {
        format!("{}@doe.net", self.alias())
    }

    pub(super) fn alias(self) -> String {
        let name = NAMES[self.which];
        if self.upper_case { name.to_uppercase() } else { name.to_owned() }
    }
}

impl Failing {
    /// Returns DynamoDB's name of the operation.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::Query => "Query",
            Self::TransactWriteItems => "TransactWriteItems",
            Self::UpdateItem => "UpdateItem",
        }
    }
}

impl Step {
    pub(super) fn request(&self) -> Option<Request> {
        match self {
            Self::Ask(request) | Self::AskWhile(_, request) => Some(*request),
            Self::Pass(_) | Self::Sweep | Self::Redeliver(_) => None,
        }
    }
}

impl Ref {
    /// Reads the ID in a field. `None` is the ID of nothing.
    pub(super) fn read(self, field: &'static str) -> Result<Option<Tag>, Refusal> {
        match self {
            Self::Malformed => Err(Refusal::Invalid(vec![field])),
            Self::Unknown => Ok(None),
            Self::Of(tag) => Ok(Some(tag)),
        }
    }
}

impl Request {
    /// Returns method and path.
    pub(super) fn endpoint(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "POST /user",
            Self::GetAccount { .. } => "GET /user",
            Self::UpdateUser { .. } => "PUT /user",
            Self::DeleteUser { .. } => "DELETE /user",
            Self::GetUser { .. } => "GET /user/id/{id}",
            Self::SignIn { .. } => "POST /session",
            Self::VerifySession { .. } => "PUT /session/verification",
            Self::CheckSession { .. } => "GET /session",
            Self::ExtendSession { .. } => "PUT /session/extend",
            Self::CloseSession { .. } => "DELETE /session/{id}",
            Self::ListSessions { .. } => "GET /sessions",
            Self::CloseSessions { .. } => "DELETE /sessions",
            Self::Reauthenticate { .. } => "POST /session/reauthentication",
            Self::AddEmail { .. } => "POST /email",
            Self::ListEmails { .. } => "GET /emails",
            Self::VerifyEmail { .. } => "PUT /email/verification",
            Self::ResendCode { .. } => "POST /email/verification",
            Self::PreferEmail { .. } => "PUT /email/preferred",
            Self::DeleteEmail { .. } => "DELETE /email/{id}",
            Self::CreateKeyPair { .. } => "POST /keypair",
            Self::VerifyKeyPair { .. } => "PUT /keypair/verification",
            Self::CheckKeyPair { .. } => "GET /keypair",
            Self::ListKeyPairs { .. } => "GET /keypairs",
            Self::DeleteKeyPair { .. } => "DELETE /keypair/{id}",
        }
    }

    /// Returns the tag of the code that the request asks for.
    pub(super) fn tag(&self) -> Option<Tag> {
        match self {
            Self::SignUp { tag, .. }
            | Self::SignIn { tag, .. }
            | Self::Reauthenticate { tag, .. }
            | Self::AddEmail { tag, .. }
            | Self::ResendCode { tag, .. }
            | Self::CreateKeyPair { tag, .. } => Some(*tag),
            _ => None,
        }
    }

    /// Returns whether the request changes nothing.
    pub(super) fn is_read(&self) -> bool {
        self.endpoint().starts_with("GET")
    }
}

/// Prints a step on one line, even in pretty-printed counterexamples.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(request) => write!(f, "Ask({request:?})"),
            Self::AskWhile(failing, request) => write!(f, "AskWhile({failing:?}, {request:?})"),
            Self::Pass(seconds) => write!(f, "Pass({seconds})"),
            Self::Sweep => f.write_str("Sweep"),
            Self::Redeliver(tag) => write!(f, "Redeliver({tag})"),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.alias())
    }
}
