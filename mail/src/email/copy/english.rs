//! The English texts.

use super::{Copy, Layout};
use crate::email::{Code, Email};

pub(super) const LAYOUT: Layout = Layout {
    tag: "en",
    came_from: "Request details",
    facts: ["IP address", "Browser", "Time"],
    unknown: "unknown",
    an_app: "An app",
    on: "on",
    stranger: "Didn't request this?",
    takes_replies: "Need help? Just reply to this email.",
    takes_no_replies: "This is an automated message. Replies are not monitored.",
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

pub(super) fn copy(email: &Email<'_>, product: &str) -> Copy {
    match email {
        Email::SignUpCode(code) => with_code(
            code,
            product,
            "Verify your email address",
            format!("Enter this code to create your {product} account:"),
            "No account is created without it.",
        ),
        Email::SignInCode(code) => with_code(
            code,
            product,
            "Sign in",
            format!("Enter this code to sign in to {product}:"),
            "No one can sign in without it.",
        ),
        Email::AddAddressCode(code) => with_code(
            code,
            product,
            "Add this email address",
            format!("Enter this code to add this email address to an account with {product}:"),
            "No one can add your address to an account without it.",
        ),
        Email::AlreadyRegistered => already_registered(product),
        Email::NoAccount => no_account(product),
        Email::BelongsToAnother => belongs_to_another(product),
        Email::AddressVerified { .. } => Copy {
            subject: format!("An email address was added to your {product} account"),
            preheader: "It can now be used to sign in.".to_owned(),
            heading: "New email address",
            before: vec![format!("This email address was verified and added to your {product} account:")],
            after: vec!["It can now be used to sign in.".to_owned()],
            stranger: got_in("Remove the new address if it is not yours."),
        },
        Email::AddressRemoved { .. } => Copy {
            subject: format!("An email address was removed from your {product} account"),
            preheader: "It can no longer be used to sign in.".to_owned(),
            heading: "Email address removed",
            before: vec![format!("This email address was removed from your {product} account:")],
            after: vec!["It can no longer be used to sign in.".to_owned()],
            stranger: got_in(""),
        },
        Email::AddressPreferred { .. } => Copy {
            subject: format!("This is now the preferred address of your {product} account"),
            preheader: "Notifications about your account will be sent here.".to_owned(),
            heading: "New preferred address",
            before: vec![format!("This is now the preferred email address of your {product} account:")],
            after: vec![
                "From now on, notifications about your account, such as new addresses and sign-ins, will be sent here."
                    .to_owned(),
            ],
            stranger: got_in(""),
        },
        Email::NoLongerPreferred { .. } => Copy {
            subject: format!("Your {product} account has a new preferred address"),
            preheader: "Notifications about your account will be sent there.".to_owned(),
            heading: "New preferred address",
            before: vec![format!("Your {product} account has a new preferred email address:")],
            after: vec![
                "From now on, notifications about your account will be sent there instead of to this address. You can still \
                sign in with this one."
                    .to_owned(),
            ],
            stranger: got_in("Make this address the preferred one again, and remove the new one."),
        },
        Email::SignedInElsewhere { .. } => Copy {
            subject: format!("New sign-in to your {product} account"),
            preheader: "Another address of your account was used.".to_owned(),
            heading: "New sign-in",
            before: vec![format!(
                "Someone, most likely you, signed in to your {product} account with another of its email addresses:"
            )],
            after: Vec::new(),
            stranger: got_in(
                "Someone else may also be reading the emails to the address above. Remove it from your account until you \
                are sure that it is secure.",
            ),
        },
    }
}

fn already_registered(product: &str) -> Copy {
    Copy {
        subject: format!("You already have an account with {product}"),
        preheader: "Sign in instead of signing up.".to_owned(),
        heading: "You already have an account",
        before: vec![
            format!(
                "Someone, most likely you, tried to sign up for {product} with this email address, but it already belongs \
                to your account."
            ),
            "You don't need to sign up again. Sign in with this address, and we will email you a code.".to_owned(),
        ],
        after: Vec::new(),
        stranger: "You can ignore this email. No one gained access, and your account has not changed.".to_owned(),
    }
}

fn no_account(product: &str) -> Copy {
    Copy {
        subject: format!("No {product} account found for this address"),
        preheader: "Sign up, or sign in with another address.".to_owned(),
        heading: "No account found",
        before: vec![
            format!(
                "Someone, most likely you, tried to sign in to {product} with this email address, but it does not belong \
                to any account."
            ),
            "If you are new, sign up with this address. If you already have an account, sign in with an address that \
            belongs to it."
                .to_owned(),
        ],
        after: Vec::new(),
        stranger: "You can ignore this email. Someone probably mistyped an address. No one gained access to anything."
            .to_owned(),
    }
}

fn belongs_to_another(product: &str) -> Copy {
    Copy {
        subject: format!("This address already belongs to an account with {product}"),
        preheader: "An address can belong to only one account.".to_owned(),
        heading: "Address already in use",
        before: vec![
            format!(
                "Someone tried to add this email address to an account with {product}, but it already belongs to another \
                account. An address can belong to only one account."
            ),
            "If you have two accounts and want to move the address, sign in with it, remove it there, and then add it to \
            the other account."
                .to_owned(),
        ],
        after: Vec::new(),
        stranger: "You can ignore this email. No one gained access, and the address stays where it is.".to_owned(),
    }
}

fn with_code(code: &Code<'_>, product: &str, heading: &'static str, lead: String, without_it: &str) -> Copy {
    let lifetime = match code.minutes {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    Copy {
        subject: format!("{} is your {product} code", code.digits),
        preheader: format!("Valid for {lifetime}. Never share it."),
        heading,
        before: vec![lead],
        after: vec![
            format!("This code works once and is valid for {lifetime}, until {}.", code.until),
            format!(
                "Enter it only where you requested it, and never share it. {product} will never ask you for it by phone, \
                email or chat."
            ),
        ],
        stranger: format!("You can ignore this email. Don't share the code. {without_it}"),
    }
}

/// Advice for the owner of an account that another person may have changed or signed in to.
fn got_in(advice: &str) -> String {
    let general = "Someone else may have access to your account. Sign in now, close every session that you don't recognize, \
        and check the email addresses of your account.";
    format!("{general} {advice}").trim_end().to_owned()
}
