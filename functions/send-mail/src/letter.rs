//! What the mails say. The words stand in `templates/`, a text and an HTML file for each letter; the subjects stand
//! here.
//!
//! A mail goes to whoever owns an address, asked for by whoever typed it, so it must not carry a stranger's words
//! (CVE-2022-31127: advertisements sent as "names"). Names and aliases are in no mail at all. What is shown of the rest
//! is what [`facts`] and [`browser`] let through: an IP address that parses, a browser by our own name for it (of any
//! other program one short word and a version), and addresses in ASCII, which only the owner of their account sees.
//! Subjects are made of our words, the product's name and the code alone.

mod browser;
mod facts;

#[cfg(test)]
mod tests;

use askama::Template;

/// The width that text mails are wrapped at.
const COLUMNS: usize = 72;

/// What every mail shows of the deployment.
#[derive(Debug)]
pub(crate) struct Letterhead {
    /// The product's name.
    pub(crate) product: String,
    /// Whether somebody reads the answers: a reply address is configured.
    pub(crate) takes_replies: bool,
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
#[derive(Clone, Copy)]
pub(crate) struct Code<'a> {
    /// Six or twelve digits.
    pub(crate) digits: &'a str,
    /// When it stops working, in Unix seconds.
    pub(crate) expires_at: i64,
}

/// A mail, by what it tells whom.
#[derive(Clone, Copy)]
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

/// What the templates know of every letter.
struct Sheet {
    product: String,
    takes_replies: bool,
    ip: String,
    browser: String,
    at: String,
}

/// What the templates know of a code.
struct CodeOnPaper<'a> {
    digits: &'a str,
    minutes: i64,
    until: String,
}

/// Renders a letter's pair of templates, with the sheet and at most one thing more under the given name.
macro_rules! render {
    ($sheet:expr, $text:literal, $html:literal $(, $name:ident: $type:ty = $value:expr)?) => {{
        #[derive(Template)]
        #[template(path = $text)]
        struct Text<'a> {
            sheet: &'a Sheet,
            $($name: &'a $type,)?
        }
        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a> {
            sheet: &'a Sheet,
            $($name: &'a $type,)?
        }
        $(let $name = &$value;)?
        let sheet = $sheet;
        (Text { sheet, $($name)? }.render()?, Html { sheet, $($name)? }.render()?)
    }};
}

impl Letter<'_> {
    /// Writes the letter. The same input gives the same mail, so a delivery that is retried repeats it.
    ///
    /// # Errors
    /// When a time is beyond what a calendar knows, or a template fails.
    pub(crate) fn write(&self, head: &Letterhead, asker: &Asker<'_>) -> Result<Message, askama::Error> {
        let sheet = &Sheet {
            product: facts::one_line(&head.product),
            takes_replies: head.takes_replies,
            ip: facts::ip(asker.ip),
            browser: browser::describe(asker.user_agent),
            at: facts::moment(asker.at)?,
        };
        let on_paper = |code| CodeOnPaper::new(code, asker);
        let shown = facts::address;
        let (text, html) = match *self {
            Self::SignUpCode(code) => {
                render!(sheet, "sign-up-code.txt", "sign-up-code.html", code: CodeOnPaper<'a> = on_paper(code)?)
            }
            Self::SignInCode(code) => {
                render!(sheet, "sign-in-code.txt", "sign-in-code.html", code: CodeOnPaper<'a> = on_paper(code)?)
            }
            Self::AddAddressCode(code) => {
                render!(sheet, "add-address-code.txt", "add-address-code.html", code: CodeOnPaper<'a> = on_paper(code)?)
            }
            Self::AlreadyRegistered => render!(sheet, "already-registered.txt", "already-registered.html"),
            Self::NoAccount => render!(sheet, "no-account.txt", "no-account.html"),
            Self::BelongsToAnother => render!(sheet, "belongs-to-another.txt", "belongs-to-another.html"),
            Self::AddressVerified { address } => {
                render!(sheet, "address-verified.txt", "address-verified.html", address: String = shown(address))
            }
            Self::AddressRemoved { address } => {
                render!(sheet, "address-removed.txt", "address-removed.html", address: String = shown(address))
            }
            Self::AddressPreferred { address } => {
                render!(sheet, "address-preferred.txt", "address-preferred.html", address: String = shown(address))
            }
            Self::NoLongerPreferred { address } => {
                render!(sheet, "no-longer-preferred.txt", "no-longer-preferred.html", address: String = shown(address))
            }
            Self::SignedInElsewhere { address } => {
                render!(sheet, "signed-in-elsewhere.txt", "signed-in-elsewhere.html", address: String = shown(address))
            }
        };
        Ok(Message { subject: self.subject(&sheet.product), text: wrap(&text), html })
    }

    /// The code comes first, where the list of mails and the notification show it.
    fn subject(&self, product: &str) -> String {
        match self {
            Self::SignUpCode(code) | Self::SignInCode(code) | Self::AddAddressCode(code) => {
                format!("{} is your {product} code", code.digits)
            }
            Self::AlreadyRegistered => format!("You already have an account at {product}"),
            Self::NoAccount => format!("There is no account at {product} for this address"),
            Self::BelongsToAnother => format!("This address already belongs to an account at {product}"),
            Self::AddressVerified { .. } => format!("An address was added to your {product} account"),
            Self::AddressRemoved { .. } => format!("An address was removed from your {product} account"),
            Self::AddressPreferred { .. } => format!("This is now the preferred address of your {product} account"),
            Self::NoLongerPreferred { .. } => format!("Your {product} account has another preferred address now"),
            Self::SignedInElsewhere { .. } => format!("New sign-in to your {product} account"),
        }
    }
}

impl<'a> CodeOnPaper<'a> {
    fn new(code: Code<'a>, asker: &Asker<'_>) -> Result<Self, askama::Error> {
        Ok(Self {
            digits: code.digits,
            minutes: code.expires_at.saturating_sub(asker.at).max(60) / 60,
            until: facts::time_of_day(code.expires_at)?,
        })
    }

    /// Whether it is one of the codes for an address under attack.
    fn is_long(&self) -> bool {
        self.digits.len() > 6
    }

    /// The digits as people best read them: a long code in fours, with a gap between them.
    fn groups(&self) -> Vec<String> {
        let size = if self.is_long() { 4 } else { 6 };
        let digits: Vec<char> = self.digits.chars().collect();
        digits.chunks(size).map(String::from_iter).collect()
    }
}

/// Breaks lines at blanks, so that the templates need not: a paragraph is a line there. What has no blank stays whole.
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
