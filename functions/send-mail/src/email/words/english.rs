//! English.

use super::{Frame, Words};
use crate::email::{Code, Letter};

pub(super) const FRAME: Frame = Frame {
    tag: "en",
    came_from: "The request came from",
    facts: ["IP address", "Browser", "Time"],
    unknown: "unknown",
    an_app: "An app",
    on: "on",
    stranger: "Wasn't it you?",
    takes_replies: "Need help? Answer this mail.",
    takes_no_replies: "This mail was sent by a machine that reads no answers.",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    after_day: " ",
};

pub(super) fn words(letter: &Letter<'_>, product: &str) -> Words {
    match letter {
        Letter::SignUpCode(code) => with_code(
            code,
            product,
            "Welcome!",
            format!("Here is the code that opens your account at {product}:"),
            "Without it, no account is opened in your name.",
        ),
        Letter::SignInCode(code) => with_code(
            code,
            product,
            "Sign in",
            format!("Here is your code for signing in to {product}:"),
            "Without it, nobody gets in.",
        ),
        Letter::AddAddressCode(code) => with_code(
            code,
            product,
            "Add this address",
            format!("Here is the code that adds this address to an account at {product}:"),
            "Without it, nobody can add your address to an account.",
        ),
        Letter::AlreadyRegistered => already_registered(product),
        Letter::NoAccount => no_account(product),
        Letter::BelongsToAnother => belongs_to_another(product),
        Letter::AddressVerified { .. } => Words {
            subject: format!("An address was added to your {product} account"),
            preheader: "From now on it can be used to sign in.".to_owned(),
            heading: "A new address",
            before: vec![format!("Your account at {product} has a new, verified address:")],
            after: vec!["From now on it can be used to sign in.".to_owned()],
            stranger: got_in("Remove the new one if it is not yours."),
        },
        Letter::AddressRemoved { .. } => Words {
            subject: format!("An address was removed from your {product} account"),
            preheader: "It can no longer be used to sign in.".to_owned(),
            heading: "An address was removed",
            before: vec![format!("An address was removed from your account at {product}:")],
            after: vec!["It can no longer be used to sign in.".to_owned()],
            stranger: got_in(""),
        },
        Letter::AddressPreferred { .. } => Words {
            subject: format!("This is now the preferred address of your {product} account"),
            preheader: "News about your account comes here from now on.".to_owned(),
            heading: "A new preferred address",
            before: vec![format!("Your account at {product} has a new preferred address, this one:")],
            after: vec![
                "News about your account, such as new addresses and sign-ins, comes here from now on.".to_owned(),
            ],
            stranger: got_in(""),
        },
        Letter::NoLongerPreferred { .. } => Words {
            subject: format!("Your {product} account has another preferred address now"),
            preheader: "News about your account goes to another address.".to_owned(),
            heading: "A new preferred address",
            before: vec![format!("Your account at {product} has a new preferred address:")],
            after: vec![
                "News about your account goes there from now on, and no longer to this address. You can still sign in with \
                this one."
                    .to_owned(),
            ],
            stranger: got_in("Make this address the preferred one again, and remove the new one."),
        },
        Letter::SignedInElsewhere { .. } => Words {
            subject: format!("New sign-in to your {product} account"),
            preheader: "Through another address of your account.".to_owned(),
            heading: "A new sign-in",
            before: vec![format!(
                "Somebody, most likely you, signed in to your account at {product} through another of its addresses:"
            )],
            after: Vec::new(),
            stranger: got_in(
                "Somebody else may be reading the mail of the address above: remove it from your account until you are sure.",
            ),
        },
    }
}

fn already_registered(product: &str) -> Words {
    Words {
        subject: format!("You already have an account at {product}"),
        preheader: "Sign in instead of signing up.".to_owned(),
        heading: "You already have an account",
        before: vec![
            format!(
                "Somebody, most likely you, wanted to open an account at {product} with this address. \
                    There is one already, and it is yours."
            ),
            "No need to sign up again: sign in with this address, and a code comes by mail.".to_owned(),
        ],
        after: Vec::new(),
        stranger: "Then there is nothing to do. Nobody got in, and your account is as it was.".to_owned(),
    }
}

fn no_account(product: &str) -> Words {
    Words {
        subject: format!("There is no account at {product} for this address"),
        preheader: "Sign up, or sign in with another address.".to_owned(),
        heading: "No account for this address",
        before: vec![
            format!(
                "Somebody, most likely you, wanted to sign in to {product} with this address, \
                    but it belongs to no account."
            ),
            "If you are new, sign up with it. If you have an account, sign in with the address that you gave there."
                .to_owned(),
        ],
        after: Vec::new(),
        stranger: "Then there is nothing to do. Somebody probably mistyped an address, and nobody got in anywhere."
            .to_owned(),
    }
}

fn belongs_to_another(product: &str) -> Words {
    Words {
        subject: format!("This address already belongs to an account at {product}"),
        preheader: "An address can belong to only one account.".to_owned(),
        heading: "This address is in use",
        before: vec![
            format!(
                "Somebody wanted to add this address to an account at {product}, but it already belongs to another one, \
                    and an address can belong to only one."
            ),
            "If you have two accounts and want to move it: sign in with this address, remove it there, then add it to \
                the other account."
                .to_owned(),
        ],
        after: Vec::new(),
        stranger: "Then there is nothing to do. Nobody got in, and the address stays where it is.".to_owned(),
    }
}

fn with_code(code: &Code<'_>, product: &str, heading: &'static str, lead: String, without_it: &str) -> Words {
    let lifetime = match code.minutes {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    Words {
        subject: format!("{} is your {product} code", code.digits),
        preheader: format!("It works for {lifetime}. Keep it to yourself."),
        heading,
        before: vec![lead],
        after: vec![
            format!("It works once, for {lifetime}, until {}.", code.until),
            format!(
                "Type it only where you asked for it yourself. Nobody at {product} will ever ask you for it: \
                not by phone, not by mail, not in a chat."
            ),
        ],
        stranger: format!("Then ignore this mail, and keep the code to yourself. {without_it}"),
    }
}

/// To an account's owner, of what he may not have done himself.
fn got_in(advice: &str) -> String {
    let general = "Then somebody else may have got in. Sign in now, close every session that you do not know, and check the \
        addresses of your account.";
    format!("{general} {advice}").trim_end().to_owned()
}
