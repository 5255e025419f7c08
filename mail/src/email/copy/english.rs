//! The English texts.

use super::{Copy, Layout};
use crate::email::{Code, Email, facts};

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

pub(super) fn copy(email: &Email<'_>, product: &str) -> Result<Copy, askama::Error> {
    Ok(match email {
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
        Email::RecoveryCode(code) => recovery_code(code, product),
        Email::RestoreCode(code) => restore_code(code, product),
        Email::ReauthenticationCode(code) => {
            let lead = format!("Enter this code to confirm a change of your {product} account:");
            Copy {
                stranger: "Someone else may be signed in to your account. Don't share the code: no one can change your account \
                    without it. Sign in, and close every session that you don't recognize."
                    .to_owned(),
                ..with_code(code, product, "Confirm that it is you", lead, "")
            }
        }
        Email::AddAddressCode(code) => with_code(
            code,
            product,
            "Add this email address",
            format!("Enter this code to add this email address to an account with {product}:"),
            "No one can add your address to an account without it.",
        ),
        Email::KeyPairCode { code, name } => {
            let name = facts::key_name(name);
            let lead = format!("Enter this code to activate the API key named \"{name}\" of your {product} account:");
            Copy {
                stranger: "Someone else may be signed in to your account. Don't share the code: the key cannot be used without \
                    it. Sign in, and close every session that you don't recognize."
                    .to_owned(),
                ..with_code(code, product, "Activate an API key", lead, "")
            }
        }
        Email::AlreadyRegistered => already_registered(product),
        Email::NoAccount => no_account(product),
        Email::BelongsToAnother => belongs_to_another(product),
        Email::AddressVerified { .. } => address_verified(product),
        Email::AddressRemoved { recoverable_until: Some(until), .. } => {
            recoverable(product, &facts::moment(*until, &LAYOUT)?)
        }
        Email::AddressRemoved { recoverable_until: None, .. } => address_removed(product),
        Email::AddressPreferred { .. } => address_preferred(product),
        Email::NoLongerPreferred { .. } => no_longer_preferred(product),
        Email::SignedInElsewhere { .. } => signed_in_elsewhere(product),
        Email::AccountRecovered { .. } => account_recovered(product),
        Email::AccountDeleted { recoverable_until: Some(until), .. } => {
            account_deleted(product, &facts::moment(*until, &LAYOUT)?)
        }
        Email::AccountDeleted { recoverable_until: None, .. } => deleted_for_good(product),
        Email::AccountRestored { .. } => account_restored(product),
        Email::UnverifiedByRecovery { .. } => unverified_by_recovery(product),
        Email::KeyPairVerified { .. } => Copy {
            subject: format!("An API key was added to your {product} account"),
            preheader: "Programs can use it in your name.".to_owned(),
            heading: "New API key",
            before: vec![format!("An API key with this name was activated for your {product} account:")],
            after: vec![
                "Until it expires or is deleted, programs that have the key and its secret can use it in your name."
                    .to_owned(),
            ],
            stranger: got_in("Delete the API key if you did not create it."),
        },
    })
}

fn recovery_code(code: &Code, product: &str) -> Copy {
    with_code(
        code,
        product,
        "Take your account back",
        format!(
            "This email address was removed from an account with {product}. Signing in with this code restores it: it \
            becomes the preferred address again, and every other session ends. Other addresses that were verified \
            recently must be verified again."
        ),
        "No one can sign in without it.",
    )
}

fn restore_code(code: &Code, product: &str) -> Copy {
    with_code(
        code,
        product,
        "Restore your account",
        format!(
            "The {product} account of this email address was deleted. Signing in with this code restores it, with \
            its alias and its addresses. Without a sign-in, everything that is stored about it expires."
        ),
        "No one can restore the account without it.",
    )
}

fn address_verified(product: &str) -> Copy {
    Copy {
        subject: format!("An email address was added to your {product} account"),
        preheader: "Every verified address of an account can be used to sign in.".to_owned(),
        heading: "New email address",
        before: vec![format!("This email address was verified and added to your {product} account:")],
        after: vec!["Every verified address of an account can be used to sign in.".to_owned()],
        stranger: got_in("Remove the new address if it is not yours."),
    }
}

fn address_removed(product: &str) -> Copy {
    Copy {
        subject: format!("An email address was removed from your {product} account"),
        preheader: "It does not belong to the account any more.".to_owned(),
        heading: "Email address removed",
        before: vec![format!("This email address was removed from your {product} account:")],
        after: Vec::new(),
        stranger: got_in(""),
    }
}

fn deleted_for_good(product: &str) -> Copy {
    Copy {
        subject: format!("Your {product} account was deleted"),
        preheader: "Its email addresses can be used for a new account.".to_owned(),
        heading: "Account deleted",
        before: vec![format!("The {product} account of this email address was deleted, with everything in it:")],
        after: vec!["It cannot be restored. The address can be used for a new account.".to_owned()],
        stranger: "Someone else had access to your account. Sign up again with this address if you want a new one."
            .to_owned(),
    }
}

fn recoverable(product: &str, until: &str) -> Copy {
    Copy {
        subject: format!("An email address was removed from your {product} account"),
        preheader: format!("Signing in with it takes the account back until {until}."),
        heading: "Email address removed",
        before: vec![format!("This email address was removed from your {product} account:")],
        after: vec![format!(
            "Until {until}, signing in with it takes the account back: the address becomes the preferred one again, \
            and every other session ends. No other account can use the address before then."
        )],
        stranger: "Someone else may have access to your account. Sign in with the address above to take the account \
            back, and then check its email addresses."
            .to_owned(),
    }
}

fn address_preferred(product: &str) -> Copy {
    Copy {
        subject: format!("This is now the preferred address of your {product} account"),
        preheader: "Notifications about an account are sent to its preferred address.".to_owned(),
        heading: "New preferred address",
        before: vec![format!("This is now the preferred email address of your {product} account:")],
        after: vec![
            "Notifications about an account, such as new addresses and sign-ins, are sent to its preferred address."
                .to_owned(),
        ],
        stranger: got_in(""),
    }
}

fn no_longer_preferred(product: &str) -> Copy {
    Copy {
        subject: format!("Your {product} account has a new preferred address"),
        preheader: "Notifications about an account are sent to its preferred address.".to_owned(),
        heading: "New preferred address",
        before: vec![format!("Your {product} account has a new preferred email address:")],
        after: vec![
            "Notifications about an account are sent to its preferred address, and no longer to the previous one."
                .to_owned(),
        ],
        stranger: "Someone else may have access to your account. Sign in now with this address, even if another email \
            says that it was removed: that takes the account back. Then close every session that you don't recognize, \
            make this address the preferred one again, and remove the new one."
            .to_owned(),
    }
}

fn signed_in_elsewhere(product: &str) -> Copy {
    Copy {
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
    }
}

fn account_recovered(product: &str) -> Copy {
    Copy {
        subject: format!("Your {product} account was recovered"),
        preheader: "Every other session was ended.".to_owned(),
        heading: "Account recovered",
        before: vec![format!(
            "Someone, most likely you, signed in to your {product} account with an address that had been removed from it:"
        )],
        after: vec![
            "This made the address verified and preferred again, and ended every other session. Addresses that had been \
            verified recently must be verified again."
                .to_owned(),
        ],
        stranger: got_in("Remove the address above if it is not yours."),
    }
}

fn account_deleted(product: &str, until: &str) -> Copy {
    Copy {
        subject: format!("Your {product} account was deleted"),
        preheader: format!("Signing in restores it until {until}."),
        heading: "Account deleted",
        before: vec![format!("The {product} account of this email address was deleted, and every session was ended:")],
        after: vec![format!(
            "Until {until}, signing in with this address restores the account. After that, everything that is stored \
            about it expires, and it cannot be restored."
        )],
        stranger: "Someone else may have access to your account. Sign in with this address to restore it, and then \
            check its email addresses."
            .to_owned(),
    }
}

fn account_restored(product: &str) -> Copy {
    Copy {
        subject: format!("Your {product} account was restored"),
        preheader: "It is no longer deleted.".to_owned(),
        heading: "Account restored",
        before: vec![format!(
            "Someone, most likely you, signed in to your deleted {product} account with one of its email addresses:"
        )],
        after: vec![
            "This restored the account with its alias and addresses, but without its sessions and keys.".to_owned(),
        ],
        stranger: got_in("Remove the address above if it is not yours."),
    }
}

fn unverified_by_recovery(product: &str) -> Copy {
    Copy {
        subject: format!("This address must be verified again for your {product} account"),
        preheader: "The account was recovered with another address.".to_owned(),
        heading: "Account recovered with another address",
        before: vec![format!(
            "The {product} account that this email address was added to recently was recovered by a sign-in with an older \
            address:"
        )],
        after: vec![
            "This address must be verified again before it can be used to sign in to that account. It can also be used \
            for a new account."
                .to_owned(),
        ],
        stranger: "Only someone who reads the emails to the address above could do this. If that is you, nothing is \
            wrong. If you don't know the address, your account was not yours alone: use this address for a new one."
            .to_owned(),
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

fn with_code(code: &Code, product: &str, heading: &'static str, lead: String, without_it: &str) -> Copy {
    let lifetime = match code.minutes {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    Copy {
        subject: format!("{} is your {product} code", code.grouped),
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
