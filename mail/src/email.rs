//! The emails. Their texts are in [`copy`], a module for each language; their layouts are in
//! `templates/`.
//!
//! Anyone can have an email sent to an address by typing it into a form, so an email must not carry
//! text that a stranger wrote (CVE-2022-31127: advertisements sent as "names"). Names and aliases
//! are in no email at all. [`facts`] and [`user_agent`] let through the rest: an IP address that
//! parses, the name of a browser or program that is on a list, and, for the owner of an account
//! alone, ASCII addresses and the names of key pairs. Subjects consist of fixed text, the product's
//! name and the code.

mod copy;
mod facts;
mod user_agent;

#[cfg(test)]
mod tests;

use askama::Template;
use shared::{
    Language,
    config::{Color, Link},
};

use self::copy::{Copy, Layout};

/// The width of plain-text bodies.
const COLUMNS: usize = 72;

/// The branding of a deployment, which every email shows.
#[derive(Debug)]
pub(crate) struct Branding {
    /// The product's name.
    pub(crate) product: String,
    /// Whether replies are read: a reply address is configured.
    pub(crate) takes_replies: bool,
    /// The page that the product's name links to.
    pub(crate) link: Option<Link>,
    /// The color of the mark beside it.
    pub(crate) color: Option<Color>,
}

/// The client whose request the email is about.
pub(crate) struct Requester<'a> {
    /// The source address that API Gateway saw.
    pub(crate) ip: &'a str,
    /// The `User-Agent` header of the request.
    pub(crate) user_agent: &'a str,
    /// The time of the request in Unix seconds.
    pub(crate) at: i64,
}

/// A code to send.
pub struct Code {
    /// The digits in groups: the same in the subject, the text and the HTML. The endpoints ignore
    /// the blanks, so a copy of any of them is accepted.
    grouped: String,
    minutes: i64,
    until: String,
}

/// An email, by its content and recipient.
pub enum Email<'a> {
    /// To a new address: the code that creates the account.
    SignUpCode(Code),
    /// To an address of an account: the code to sign in with.
    SignInCode(Code),
    /// To an address that was removed from an account: the code to sign in with, which recovers it.
    RecoveryCode(Code),
    /// To an address of an account that was deleted: the code to sign in with, which restores it.
    RestoreCode(Code),
    /// To the preferred address: the code that makes a session fresh.
    ReauthenticationCode(Code),
    /// To an address that a user adds to an account: the code that verifies it.
    AddAddressCode(Code),
    /// To the preferred address: the code that activates a key pair.
    KeyPairCode {
        /// The code.
        code: Code,
        /// The name of the key pair.
        name: &'a str,
    },
    /// Instead of the code of a sign-up: the address belongs to an account.
    AlreadyRegistered,
    /// Instead of the code of a sign-in: the address belongs to no account.
    NoAccount,
    /// Instead of the code of an address to add: it belongs to an account.
    BelongsToAnother,
    /// To the preferred address: another address was verified.
    AddressVerified {
        /// The new address.
        address: &'a str,
    },
    /// To the preferred address, and to the removed one if it was verified.
    AddressRemoved {
        /// The address that was removed.
        address: &'a str,
        /// The Unix seconds until which a sign-in with it takes the account back.
        recoverable_until: Option<i64>,
    },
    /// To the address that became the preferred one.
    AddressPreferred {
        /// That address.
        address: &'a str,
    },
    /// To the address that was preferred before.
    NoLongerPreferred {
        /// The address that took its place.
        address: &'a str,
    },
    /// To the preferred address: a session was opened through another one.
    SignedInElsewhere {
        /// The address that the code went to.
        address: &'a str,
    },
    /// To the address that recovered the account, and to the one that was preferred before.
    AccountRecovered {
        /// The address that recovered it.
        address: &'a str,
    },
    /// To each verified address: the account was deleted.
    AccountDeleted {
        /// The address that the email goes to.
        address: &'a str,
        /// The Unix seconds until which a sign-in restores the account.
        recoverable_until: Option<i64>,
    },
    /// To the address that restored the account, and to the preferred one.
    AccountRestored {
        /// The address that restored it.
        address: &'a str,
    },
    /// To the address that was preferred before a recovery which made it unverified.
    UnverifiedByRecovery {
        /// The address that recovered the account.
        address: &'a str,
    },
    /// To the preferred address: a key pair was verified.
    KeyPairVerified {
        /// The name of the key pair.
        name: &'a str,
    },
}

/// A rendered email.
pub(crate) struct Message {
    /// One line.
    pub(crate) subject: String,
    /// The body for readers of plain text.
    pub(crate) text: String,
    /// The same body in HTML.
    pub(crate) html: String,
}

/// The element that an email shows between its paragraphs.
enum Highlight<'a> {
    Code(&'a Code),
    Text(String),
    Nothing,
}

/// The data of the templates.
struct TemplateContext<'a> {
    layout: &'static Layout,
    copy: Copy,
    product: &'a str,
    branding: &'a Branding,
    highlight: Highlight<'a>,
    /// The origin of the request, as names and values.
    facts: [(&'static str, String); 3],
}

#[derive(Template)]
#[template(path = "email.html")]
struct Html<'a> {
    context: &'a TemplateContext<'a>,
}

#[derive(Template)]
#[template(path = "email.txt")]
struct Text<'a> {
    context: &'a TemplateContext<'a>,
}

impl Email<'_> {
    /// Writes the email. The same input gives the same mail, so a delivery that is retried repeats
    /// it.
    ///
    /// # Errors
    /// If a time is out of range, or a template fails.
    pub(crate) fn write(
        &self,
        language: Language,
        branding: &Branding,
        requester: &Requester<'_>,
    ) -> Result<Message, askama::Error> {
        let layout = copy::layout(language);
        let product = facts::one_line(&branding.product);
        let unknown = || layout.unknown.to_owned();
        let [ip, browser, time] = layout.facts;
        let context = TemplateContext {
            layout,
            copy: copy::copy(language, self, &product)?,
            product: &product,
            branding,
            highlight: self.highlight(),
            facts: [
                (ip, facts::ip(requester.ip).unwrap_or_else(unknown)),
                (browser, user_agent::describe(requester.user_agent, layout).unwrap_or_else(unknown)),
                (time, facts::moment(requester.at, layout)?),
            ],
        };
        let text = Text { context: &context }.render()?;
        let html = Html { context: &context }.render()?;
        Ok(Message { subject: context.copy.subject, text: wrap(&text), html })
    }

    fn highlight(&self) -> Highlight<'_> {
        match self {
            Self::SignUpCode(code)
            | Self::SignInCode(code)
            | Self::RecoveryCode(code)
            | Self::RestoreCode(code)
            | Self::ReauthenticationCode(code)
            | Self::AddAddressCode(code)
            | Self::KeyPairCode { code, .. } => Highlight::Code(code),
            Self::AlreadyRegistered | Self::NoAccount | Self::BelongsToAnother => Highlight::Nothing,
            Self::AddressVerified { address }
            | Self::AddressRemoved { address, .. }
            | Self::AddressPreferred { address }
            | Self::NoLongerPreferred { address }
            | Self::SignedInElsewhere { address }
            | Self::AccountRecovered { address }
            | Self::AccountDeleted { address, .. }
            | Self::AccountRestored { address }
            | Self::UnverifiedByRecovery { address } => Highlight::Text(facts::address(address)),
            Self::KeyPairVerified { name } => Highlight::Text(facts::key_name(name)),
        }
    }
}

impl Code {
    /// Creates a code from its digits and the Unix seconds of its request and expiry.
    ///
    /// # Errors
    /// If the expiry is out of range.
    pub fn new(digits: &str, asked_at: i64, expires_at: i64) -> Result<Self, askama::Error> {
        let minutes = expires_at.saturating_sub(asked_at).max(60) / 60;
        Ok(Self { grouped: grouped(digits), minutes, until: facts::time_of_day(expires_at)? })
    }

    /// Returns whether the code has more than six digits.
    fn is_long(&self) -> bool {
        self.grouped.contains(' ')
    }
}

/// Splits more than six digits into groups of at most four that are equally long, or nearly so:
/// twelve into three of four, ten into one of four and two of three.
fn grouped(digits: &str) -> String {
    let groups = if digits.len() > 6 { digits.len().div_ceil(4) } else { 1 };
    let group_of = |position: usize| position * groups / digits.len();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && group_of(position) != group_of(position - 1) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

impl TemplateContext<'_> {
    fn replies(&self) -> &'static str {
        if self.branding.takes_replies { self.layout.takes_replies } else { self.layout.takes_no_replies }
    }

    /// Returns the facts in columns.
    fn table(&self) -> impl Iterator<Item = String> {
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        self.facts.iter().map(move |(name, fact)| format!("{name:width$}  {fact}"))
    }
}

/// Wraps each line at blanks. A word without a blank is never broken.
fn wrap(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        let mut column = 0;
        for (position, word) in line.split(' ').enumerate() {
            let width = word.chars().count();
            if position > 0 && column + 1 + width > COLUMNS {
                wrapped.push('\n');
                column = 0;
            } else if position > 0 {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(word);
            column += width;
        }
        wrapped.push('\n');
    }
    wrapped
}
