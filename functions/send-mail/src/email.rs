//! The letters. What they say stands in [`words`], a module for each language; how they look in
//! `templates/`.
//!
//! A mail goes to whoever owns an address, asked for by whoever typed it, so it must not carry a
//! stranger's words (CVE-2022-31127: advertisements sent as "names"). Names and aliases are in no
//! mail at all. What is shown of the rest is what [`facts`] and [`browser`] let through: an IP
//! address that parses, a browser by our own name for it (of any other program one short word and a
//! version), and addresses in ASCII, which only the owner of their account sees. Subjects are made
//! of our words, the product's name and the code alone.

mod browser;
mod facts;
mod words;

#[cfg(test)]
mod tests;

use askama::Template;
use shared::{
    Language,
    config::{Color, Link},
};

use self::words::{Frame, Words};

/// The width that text mails are wrapped at.
const COLUMNS: usize = 72;

/// What every mail shows of the deployment.
#[derive(Debug)]
pub(crate) struct Letterhead {
    /// The product's name.
    pub(crate) product: String,
    /// Whether somebody reads the answers: a reply address is configured.
    pub(crate) takes_replies: bool,
    /// Where the product's name leads to.
    pub(crate) link: Option<Link>,
    /// Of the mark beside it.
    pub(crate) color: Option<Color>,
}

/// Who asked for what the letter is about.
pub(crate) struct Asker<'a> {
    /// The source address that API Gateway saw.
    pub(crate) ip: &'a str,
    /// The agent that the client claims to be.
    pub(crate) user_agent: &'a str,
    /// When, in Unix seconds.
    pub(crate) at: i64,
}

/// A code to mail.
pub(crate) struct Code<'a> {
    digits: &'a str,
    minutes: i64,
    until: String,
}

/// A mail, by what it tells whom.
pub(crate) enum Letter<'a> {
    /// To a new address: the code that opens the account.
    SignUpCode(Code<'a>),
    /// To an address of an account: the code that lets in.
    SignInCode(Code<'a>),
    /// To an address that somebody adds to his account: the code that proves it his.
    AddAddressCode(Code<'a>),
    /// Instead of a sign-up's code: the address has an account.
    AlreadyRegistered,
    /// Instead of a sign-in's code: the address has no account.
    NoAccount,
    /// Instead of the code for adding an address: another account has it.
    BelongsToAnother,
    /// To the preferred address: the account has this new, verified one.
    AddressVerified {
        /// The new address.
        address: &'a str,
    },
    /// To the preferred address: the account lost this one.
    AddressRemoved {
        /// The address that was removed.
        address: &'a str,
    },
    /// To the address that became the preferred one.
    AddressPreferred {
        /// That address.
        address: &'a str,
    },
    /// To the address that was the preferred one before.
    NoLongerPreferred {
        /// The address that took its place.
        address: &'a str,
    },
    /// To the preferred address: somebody signed in through this other one.
    SignedInElsewhere {
        /// The address that the code went to.
        address: &'a str,
    },
}

/// A mail, ready to send.
pub(crate) struct Message {
    /// One line.
    pub(crate) subject: String,
    /// The body for readers of plain text.
    pub(crate) text: String,
    /// The body for everybody else; says the same.
    pub(crate) html: String,
}

/// What a letter shows by itself, between its paragraphs.
enum Shown<'a> {
    Code(&'a Code<'a>),
    Address(String),
    Nothing,
}

/// What the layouts know.
struct Sheet<'a> {
    frame: &'static Frame,
    words: Words,
    product: &'a str,
    head: &'a Letterhead,
    shown: Shown<'a>,
    /// Where the request came from, as name and value.
    facts: [(&'static str, String); 3],
}

#[derive(Template)]
#[template(path = "email.html")]
struct Html<'a> {
    sheet: &'a Sheet<'a>,
}

#[derive(Template)]
#[template(path = "email.txt")]
struct Text<'a> {
    sheet: &'a Sheet<'a>,
}

impl Letter<'_> {
    /// Writes the letter. The same input gives the same mail, so a delivery that is retried repeats
    /// it.
    ///
    /// # Errors
    /// When a time is beyond what a calendar knows, or a template fails.
    pub(crate) fn write(
        &self,
        language: Language,
        head: &Letterhead,
        asker: &Asker<'_>,
    ) -> Result<Message, askama::Error> {
        let frame = words::frame(language);
        let product = facts::one_line(&head.product);
        let unknown = || frame.unknown.to_owned();
        let [ip, browser, time] = frame.facts;
        let sheet = Sheet {
            frame,
            words: words::words(language, self, &product),
            product: &product,
            head,
            shown: self.shown(),
            facts: [
                (ip, facts::ip(asker.ip).unwrap_or_else(unknown)),
                (browser, browser::describe(asker.user_agent, frame).unwrap_or_else(unknown)),
                (time, facts::moment(asker.at, frame)?),
            ],
        };
        let text = Text { sheet: &sheet }.render()?;
        let html = Html { sheet: &sheet }.render()?;
        Ok(Message { subject: sheet.words.subject, text: wrap(&text), html })
    }

    fn shown(&self) -> Shown<'_> {
        match self {
            Self::SignUpCode(code) | Self::SignInCode(code) | Self::AddAddressCode(code) => Shown::Code(code),
            Self::AlreadyRegistered | Self::NoAccount | Self::BelongsToAnother => Shown::Nothing,
            Self::AddressVerified { address }
            | Self::AddressRemoved { address }
            | Self::AddressPreferred { address }
            | Self::NoLongerPreferred { address }
            | Self::SignedInElsewhere { address } => Shown::Address(facts::address(address)),
        }
    }
}

impl<'a> Code<'a> {
    /// Of six or twelve digits, asked for and expiring at these Unix seconds.
    ///
    /// # Errors
    /// When the end is beyond what a calendar knows.
    pub(crate) fn new(digits: &'a str, asked_at: i64, expires_at: i64) -> Result<Self, askama::Error> {
        let minutes = expires_at.saturating_sub(asked_at).max(60) / 60;
        Ok(Self { digits, minutes, until: facts::time_of_day(expires_at)? })
    }

    /// Whether it is one of the codes for an address under attack.
    fn is_long(&self) -> bool {
        self.digits.len() > 6
    }

    /// The digits as people best read them: a long code in fours, with a gap between them.
    fn groups(&self) -> Vec<String> {
        let size = if self.is_long() { 4 } else { 6 };
        self.digits.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect()
    }
}

impl Sheet<'_> {
    fn answers(&self) -> &'static str {
        if self.head.takes_replies { self.frame.takes_replies } else { self.frame.takes_no_replies }
    }

    /// The facts in columns.
    fn table(&self) -> impl Iterator<Item = String> {
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        self.facts.iter().map(move |(name, fact)| format!("{name:width$}  {fact}"))
    }
}

/// Breaks lines at blanks: a paragraph is a line in the words. What has no blank stays whole.
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
