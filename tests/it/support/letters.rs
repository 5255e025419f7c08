//! What was mailed, by what it says and to whom.

use local::Mail;

use super::{Product, code_in};

/// What a mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Letter {
    AddressPreferred,
    AddressRemoved,
    AddressVerified,
    AlreadyRegistered,
    BelongsToAnother,
    Code,
    NoAccount,
    NoLongerPreferred,
    SignedInElsewhere,
}

impl Letter {
    /// By its subject: the one place that repeats the words.
    pub(crate) fn of(mail: &Mail) -> Self {
        if code_in(mail).is_some() {
            return Self::Code;
        }
        match mail.subject.as_str() {
            "This is now the preferred address of your Latchkey account" => Self::AddressPreferred,
            "An email address was removed from your Latchkey account" => Self::AddressRemoved,
            "An email address was added to your Latchkey account" => Self::AddressVerified,
            "You already have an account with Latchkey" => Self::AlreadyRegistered,
            "This address already belongs to an account with Latchkey" => Self::BelongsToAnother,
            "No Latchkey account found for this address" => Self::NoAccount,
            "Your Latchkey account has a new preferred address" => Self::NoLongerPreferred,
            "New sign-in to your Latchkey account" => Self::SignedInElsewhere,
            other => panic!("an unknown letter: {other}"),
        }
    }
}

impl Product {
    /// Waits for something to be done, and for the mails that come of it: just these, in any order, each to one address.
    pub(crate) async fn mailing<T>(&self, done: impl Future<Output = T>, expected: &[(Letter, &str)]) -> T {
        let before = self.mails().await.len();
        let done = done.await;
        let mails = self.mails().await;
        let mut mailed: Vec<_> = mails[before..].iter().map(|mail| (Letter::of(mail), mail.to.join(", "))).collect();
        let mut expected: Vec<_> = expected.iter().map(|(letter, to)| (*letter, (*to).to_owned())).collect();
        mailed.sort();
        expected.sort();
        assert_eq!(mailed, expected);
        done
    }
}
