//! What the letters say, a module for each language. Everything that a reader reads stands there: the layouts, `letter.html` and
//! `letter.txt`, have no word of their own. A language that lacks a letter does not compile.

mod english;
mod german;

use shared::Language;

use super::Letter;

/// What one letter says.
pub(super) struct Words {
    /// One line. A code comes first, where the list of mails and the notification show it.
    pub(super) subject: String,
    /// What a list of mails shows after the subject.
    pub(super) preheader: String,
    /// Above the letter. Only the HTML has one: a text has its subject.
    pub(super) heading: &'static str,
    /// Paragraphs before the code or the address that the letter shows.
    pub(super) before: Vec<String>,
    /// Paragraphs after it.
    pub(super) after: Vec<String>,
    /// What to do if it was somebody else.
    pub(super) stranger: String,
}

/// What every letter says.
pub(super) struct Frame {
    /// The language's tag (BCP 47).
    pub(super) tag: &'static str,
    /// Above the facts about the request.
    pub(super) came_from: &'static str,
    /// What they are called: IP address, browser, time.
    pub(super) facts: [&'static str; 3],
    /// Of a fact that nobody knows.
    pub(super) unknown: &'static str,
    /// Of a browser that is part of another program.
    pub(super) an_app: &'static str,
    /// Between a browser and its system.
    pub(super) on: &'static str,
    /// What the advice begins with for whoever did not ask.
    pub(super) stranger: &'static str,
    /// That somebody reads the answers.
    pub(super) takes_replies: &'static str,
    /// That nobody does.
    pub(super) takes_no_replies: &'static str,
    /// In the order of the calendar.
    pub(super) months: [&'static str; 12],
    /// What stands between the day of the month and its name.
    pub(super) after_day: &'static str,
}

/// What every letter says in that language.
pub(super) fn frame(language: Language) -> &'static Frame {
    match language {
        Language::English => &english::FRAME,
        Language::German => &german::FRAME,
    }
}

/// What this letter says in that language.
pub(super) fn words(language: Language, letter: &Letter<'_>, product: &str) -> Words {
    match language {
        Language::English => english::words(letter, product),
        Language::German => german::words(letter, product),
    }
}
