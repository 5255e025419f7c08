//! What happens to the product, step by step. Things are named by the step that brought them about, never by their IDs, which differ
//! from run to run: so a sequence means the same with steps left out, and a failure shrinks.

use std::fmt;

/// The number of the step that asked for a code. The code is called by it, and whatever comes of it: an account, its first address, a
/// session, an address of an account.
pub(super) type Tag = u32;

/// One step.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Ask(Request),
    /// A request while DynamoDB fails in one operation.
    AskWhile(Failing, Request),
    /// So many seconds pass.
    Pass(i64),
    /// DynamoDB deletes what has expired.
    Sweep,
    /// The stream delivers the record of a code again, and the mark that its email was sent is lost.
    Redeliver(Tag),
}

/// One request, of one of the fourteen endpoints.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    SignUp { tag: Tag, address: Option<Typed>, alias: Option<Typed> },
    GetUser { user: Ref },
    SignIn { tag: Tag, address: Option<Typed> },
    VerifySession { code: Ref, guess: Guess },
    CheckSession { bearer: Bearer },
    ExtendSession { bearer: Bearer },
    CloseSession { bearer: Bearer, session: Ref },
    ListSessions { bearer: Bearer },
    AddEmail { tag: Tag, bearer: Bearer, address: Option<Typed> },
    ListEmails { bearer: Bearer },
    VerifyEmail { bearer: Bearer, code: Ref, guess: Guess },
    ResendCode { tag: Tag, bearer: Bearer, address: Option<Typed> },
    PreferEmail { bearer: Bearer, email: Ref },
    DeleteEmail { bearer: Bearer, email: Ref },
}

/// An ID that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ref {
    Of(Tag),
    /// Nothing has it.
    Unknown,
    /// It is none.
    Malformed,
}

/// What a client sends as `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    /// The one that was handed out with a code, for a session that is pending, open, expired or closed.
    Of(Tag),
    Unknown,
    Malformed,
    None,
}

/// What a client sends as the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// As the mail has it.
    Right,
    /// The same, as a JSON number.
    RightAsNumber,
    /// What the mail of another code has.
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

/// One of few addresses or aliases, as somebody typed it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Typed {
    /// What it means.
    pub(super) which: usize,
    /// Another spelling of the same.
    pub(super) loud: bool,
}

/// So few that people get in each other's way.
pub(super) const NAMES: [&str; 5] = ["ann", "bob", "cid", "dee", "eve"];

/// An address, or an alias, that cannot be one.
pub(super) const UNUSABLE: &str = "a b";

impl Typed {
    pub(super) fn address(self) -> String {
        format!("{}@doe.net", self.alias())
    }

    pub(super) fn alias(self) -> String {
        let name = NAMES[self.which];
        if self.loud { name.to_uppercase() } else { name.to_owned() }
    }
}

impl Failing {
    /// As DynamoDB calls it.
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

impl Request {
    /// Method and path, for people.
    pub(super) fn endpoint(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "POST /user",
            Self::GetUser { .. } => "GET /user/id/{id}",
            Self::SignIn { .. } => "POST /session",
            Self::VerifySession { .. } => "PUT /session/verification",
            Self::CheckSession { .. } => "GET /session",
            Self::ExtendSession { .. } => "PUT /session/extend",
            Self::CloseSession { .. } => "DELETE /session/{id}",
            Self::ListSessions { .. } => "GET /sessions",
            Self::AddEmail { .. } => "POST /email",
            Self::ListEmails { .. } => "GET /emails",
            Self::VerifyEmail { .. } => "PUT /email/verification",
            Self::ResendCode { .. } => "POST /email/verification",
            Self::PreferEmail { .. } => "PUT /email/preferred",
            Self::DeleteEmail { .. } => "DELETE /email/{id}",
        }
    }

    /// Whether it can change anything.
    pub(super) fn is_read(&self) -> bool {
        self.endpoint().starts_with("GET")
    }
}

/// On one line, even where the rest of a counterexample isn't.
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

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.alias())
    }
}
