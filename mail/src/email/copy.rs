//! The texts of the emails, a module for each language. The templates `email.html` and `email.txt`
//! contain no text of their own. A language that lacks an email does not compile.

mod english;
mod german;

use shared::Language;

use super::Email;

/// The texts of one email.
pub(super) struct Copy {
    /// One line. A code comes first, because inboxes and notifications show the beginning.
    pub(super) subject: String,
    /// The text that inboxes show after the subject.
    pub(super) preheader: String,
    /// The heading. Only HTML has one.
    pub(super) heading: &'static str,
    /// Paragraphs before the code or the address.
    pub(super) before: Vec<String>,
    /// Paragraphs after it.
    pub(super) after: Vec<String>,
    /// Advice for a recipient who did not make the request.
    pub(super) stranger: String,
}

/// The texts that every email of a language shares.
pub(super) struct Layout {
    /// The language's tag (BCP 47).
    pub(super) tag: &'static str,
    /// The heading of the facts about the request.
    pub(super) came_from: &'static str,
    /// The names of the facts: IP address, browser, time.
    pub(super) facts: [&'static str; 3],
    /// The value of an unknown fact.
    pub(super) unknown: &'static str,
    /// The name of a browser that is part of an app.
    pub(super) an_app: &'static str,
    /// The word between a browser and its operating system.
    pub(super) on: &'static str,
    /// The beginning of the advice for a recipient who did not make the request.
    pub(super) stranger: &'static str,
    /// The note that replies are read.
    pub(super) takes_replies: &'static str,
    /// The note that replies are not monitored.
    pub(super) takes_no_replies: &'static str,
    /// The names of the months, from January.
    pub(super) months: [&'static str; 12],
    /// The text between the day and the month.
    pub(super) after_day: &'static str,
}

/// Returns the texts that every email of a language shares.
pub(super) fn layout(language: Language) -> &'static Layout {
    match language {
        Language::English => &english::LAYOUT,
        Language::German => &german::LAYOUT,
    }
}

/// Returns the texts of an email in a language.
///
/// # Errors
/// If a time is out of range.
pub(super) fn copy(language: Language, email: &Email<'_>, product: &str) -> Result<Copy, askama::Error> {
    match language {
        Language::English => english::copy(email, product),
        Language::German => german::copy(email, product),
    }
}
