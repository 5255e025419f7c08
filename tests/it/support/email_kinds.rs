//! The kinds of emails, and the emails that an action causes.

use local::Email;

use super::{Product, code_in};

/// The kind of an email.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EmailKind {
    AccountDeleted,
    AccountRecovered,
    AccountRestored,
    AddressPreferred,
    AddressRemoved,
    AddressVerified,
    AlreadyRegistered,
    BelongsToAnother,
    Code,
    KeyPairVerified,
    NoAccount,
    NoLongerPreferred,
    SignedInElsewhere,
    UnverifiedByRecovery,
}

impl EmailKind {
    /// Recognizes the kind by the subject, which only this function repeats.
    pub(crate) fn of(mail: &Email) -> Self {
        if code_in(mail).is_some() {
            return Self::Code;
        }
        match mail.subject.as_str() {
            "This is now the preferred address of your Latchkey account" => Self::AddressPreferred,
            "An email address was removed from your Latchkey account" => Self::AddressRemoved,
            "An email address was added to your Latchkey account" => Self::AddressVerified,
            "An API key was added to your Latchkey account" => Self::KeyPairVerified,
            "You already have an account with Latchkey" => Self::AlreadyRegistered,
            "This address already belongs to an account with Latchkey" => Self::BelongsToAnother,
            "No Latchkey account found for this address" => Self::NoAccount,
            "Your Latchkey account has a new preferred address" => Self::NoLongerPreferred,
            "New sign-in to your Latchkey account" => Self::SignedInElsewhere,
            "Your Latchkey account was deleted" => Self::AccountDeleted,
            "Your Latchkey account was restored" => Self::AccountRestored,
            "Your Latchkey account was recovered" => Self::AccountRecovered,
            "This address must be verified again for your Latchkey account" => Self::UnverifiedByRecovery,
            other => panic!("an unknown email: {other}"),
        }
    }
}

impl Product {
    /// Runs an action and asserts that it causes exactly these emails, in any order, each to one
    /// address.
    pub(crate) async fn mailing<T>(&self, action: impl Future<Output = T>, expected: &[(EmailKind, &str)]) -> T {
        let before = self.sent_emails().await.len();
        let output = action.await;
        let sent = self.sent_emails().await;
        let mut mailed: Vec<_> = sent[before..].iter().map(|mail| (EmailKind::of(mail), mail.to.join(", "))).collect();
        let mut expected: Vec<_> = expected.iter().map(|(letter, to)| (*letter, (*to).to_owned())).collect();
        mailed.sort();
        expected.sort();
        assert_eq!(mailed, expected);
        output
    }
}
