//! Aliases: the public names of users.

use std::{fmt, str::FromStr};

use caseless::Caseless;
use precis_profiles::{
    UsernameCaseMapped,
    precis_core::profile::{Profile, Rules},
};
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::Script;
use unicode_security::mixed_script::AugmentedScriptSet;

use crate::domain::rejection::Reason;

/// A user's public name: 1 to 32 characters, shown as typed, compared by its canonical form.
///
/// Everything that RFC 8265's `UsernameCaseMapped` rejects is rejected: blanks, control characters,
/// invisible characters, symbols, compatibility forms such as ligatures, right-to-left letters
/// mixed with others, and characters younger than the Unicode 6.3 of its registry. Because of that
/// last limit a stored canonical form never changes: Unicode does not change the folding of
/// assigned characters.
///
/// Letters of scripts that have look-alikes, such as Latin and Cyrillic, cannot be mixed. A slash,
/// a backslash or nothing but dots is rejected, so that an alias is never a path. Other ASCII
/// punctuation is allowed, brackets included, so a client must escape an alias that it shows.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Alias {
    typed: String,
    canonical: String,
}

impl Alias {
    const MAX_CHARACTERS: usize = 32;

    /// Parses an alias. Nothing is trimmed.
    ///
    /// # Errors
    /// If the text is empty, too long, or has characters that an alias cannot have.
    pub fn parse(text: &str) -> Result<Self, InvalidAlias> {
        if text.is_empty() {
            return Err(InvalidAlias::Empty);
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidAlias::TooLong);
        }
        check(text)?;
        Ok(Self::trusted(text.to_owned()))
    }

    fn trusted(typed: String) -> Self {
        Self { canonical: canonicalize(&typed), typed }
    }

    /// Returns the alias as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Returns the canonical form, by which aliases are compared. It can be longer than the alias:
    /// `ß` becomes `ss`.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Returns whether no user can have the alias, because it looks like one of the service or its
    /// operator. `others` is a comma-separated list of further names.
    #[must_use]
    pub fn is_reserved(&self, others: &str) -> bool {
        RESERVED.contains(&self.canonical()) || others.split(',').any(|other| canonicalize(other) == self.canonical)
    }
}

/// The reason why a text is not an alias. The messages are shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAlias {
    /// Nothing at all.
    #[error("must not be empty")]
    Empty,
    /// More than 32 characters.
    #[error("must be at most 32 characters")]
    TooLong,
    /// White space, anywhere.
    #[error("must not contain whitespace")]
    Blank,
    /// An at-sign, or what becomes one: an alias never looks like an address.
    #[error("must not contain an @")]
    AtSign,
    /// A character outside PRECIS' `IdentifierClass`.
    #[error("must contain only visible letters, digits and ASCII punctuation")]
    Character,
    /// Part of a path.
    #[error("must not contain a slash or a backslash")]
    Slash,
    /// Nothing but dots, which mean a folder in a path.
    #[error("must not consist of dots only. Add a letter or a digit.")]
    Dots,
    /// Letters of scripts that resemble each other.
    #[error("must not mix scripts such as Latin and Cyrillic. Use the letters of one language.")]
    Scripts,
    /// Letters of both directions, or right-to-left ones in an order that RFC 5893 forbids.
    #[error("must not mix right-to-left and left-to-right letters, nor start with a digit in right-to-left text")]
    Direction,
}

impl From<InvalidAlias> for Reason {
    fn from(error: InvalidAlias) -> Self {
        match error {
            InvalidAlias::Empty => Self::Blank,
            InvalidAlias::TooLong => Self::TooLong,
            InvalidAlias::Blank | InvalidAlias::AtSign | InvalidAlias::Character | InvalidAlias::Slash => {
                Self::Characters
            }
            InvalidAlias::Dots => Self::Format,
            InvalidAlias::Scripts | InvalidAlias::Direction => Self::MixedScripts,
        }
    }
}

/// Two texts have the same canonical form if they match without regard to case and compatibility
/// (The Unicode Standard, D146). Then `UsernameCaseMapped` takes them for the same, too. The
/// profile alone would let `strasse` and `straße` be two users.
fn canonicalize(text: &str) -> String {
    text.nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect()
}

fn check(text: &str) -> Result<(), InvalidAlias> {
    if text.contains(char::is_whitespace) {
        return Err(InvalidAlias::Blank);
    }
    // The profile accepts joiners where scripts need them, but they are invisible.
    if text.contains(['\u{200c}', '\u{200d}']) {
        return Err(InvalidAlias::Character);
    }
    let profile = UsernameCaseMapped::new();
    let prepared = profile.prepare(text).map_err(|_| InvalidAlias::Character)?;
    // Checked here because the profile maps full-width forms, such as U+FF20 to U+0040.
    if prepared.contains('@') {
        return Err(InvalidAlias::AtSign);
    }
    if prepared.contains(['/', '\\']) {
        return Err(InvalidAlias::Slash);
    }
    if prepared.chars().all(|character| character == '.') {
        return Err(InvalidAlias::Dots);
    }
    let lower = profile.case_mapping_rule(prepared).map_err(|_| InvalidAlias::Character)?;
    let mapped = profile.normalization_rule(lower).map_err(|_| InvalidAlias::Character)?;
    // A mark at the beginning would combine with the text before the alias.
    if mapped.starts_with(is_combining_mark) {
        return Err(InvalidAlias::Character);
    }
    // RFC 5893 §2 lets marks stand anywhere but first, the crate only at the end: nothing in Thaana
    // would pass.
    let unmarked: String = mapped.chars().filter(|character| !is_combining_mark(*character)).collect();
    profile.directionality_rule(unmarked).map_err(|_| InvalidAlias::Direction)?;
    if mixes_scripts(&mapped) { Err(InvalidAlias::Scripts) } else { Ok(()) }
}

/// Returns whether a text is not "moderately restrictive" (UTS 39 §5.2). Characters that are rare,
/// as in some surnames, are allowed as far as the profile allows them.
fn mixes_scripts(text: &str) -> bool {
    let (mut all, mut beside_latin) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for character in text.chars() {
        let scripts = AugmentedScriptSet::for_char(character);
        all.intersect_with(scripts);
        if !scripts.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(scripts);
        }
    }
    let is_east_asian = beside_latin.kore || beside_latin.hanb || beside_latin.jpan;
    let resembles_latin = |script| matches!(script, Script::Cyrillic | Script::Greek);
    let is_distinct = beside_latin.base.iter().any(|script| script.is_recommended() && !resembles_latin(script));
    all.is_empty() && !is_east_asian && !is_distinct
}

impl FromStr for Alias {
    type Err = InvalidAlias;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Reads a stored alias, which is trusted: a later release may have stricter rules.
impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::trusted)
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.typed
    }
}

/// Shows nothing: user input does not belong in logs.
impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alias(..)")
    }
}

/// Canonical names that mean the service, its operator or a mailbox of it (RFC 2142), or nothing at
/// all to a program.
#[rustfmt::skip]
const RESERVED: [&str; 64] = [
    "abuse", "account", "accounts", "admin", "administrator", "all", "anonymous", "api", "auth", "billing",
    "contact", "current", "daemon", "deleted", "everyone", "ftp", "guest", "help", "helpdesk", "hostmaster", "info",
    "latchkey", "legal", "localhost", "login", "logout", "mail", "mailer-daemon", "marketing", "me", "moderator",
    "nan", "news", "no-reply", "noc", "none", "noreply", "null", "official", "operator",
    "owner", "postmaster", "privacy", "root", "sales", "security", "self", "service", "settings", "signin",
    "signup", "staff", "superuser", "support", "sysadmin", "system", "team", "undefined", "usenet", "user",
    "users", "uucp", "webmaster", "www",
];

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
