//! Email addresses.

use std::{borrow::Cow, fmt, str::FromStr};

use ::email_address::{EmailAddress as Grammar, Error as GrammarError, Options};
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::{full_name::is_blank, rejection::Reason};

/// An address of one mailbox: an ASCII local part without quotes at a domain of at least two labels
/// (RFC 5321, as far as SES supports it).
///
/// An international domain is converted to Punycode, so email goes to exactly the domain that is
/// compared. Characters that IDNA would map or drop are rejected (full-width and circled letters,
/// U+FF0E or U+3002 for a dot, soft hyphens), so that the checked address is the typed one.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct EmailAddress {
    mailed: String,
    canonical: String,
}

impl EmailAddress {
    const MAX_BYTES: usize = 254;
    const MAX_BYTES_OF_LOCAL_PART: usize = 64;

    /// Parses an address. Surrounding blanks are trimmed.
    ///
    /// # Errors
    /// If the text is not exactly one address that email can be sent to.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let typed = text.trim_matches(is_blank);
        if typed.is_empty() {
            return Err(InvalidEmailAddress::Empty);
        }
        // Before any check that takes longer for longer texts.
        if typed.len() > Self::MAX_BYTES {
            return Err(InvalidEmailAddress::TooLong);
        }
        if typed.contains(char::is_control) {
            return Err(InvalidEmailAddress::Control);
        }
        if typed.contains(|character: char| character.is_whitespace() || ",;<>".contains(character)) {
            return Err(InvalidEmailAddress::NotOne);
        }
        let (local_part, domain) = typed.rsplit_once('@').ok_or(InvalidEmailAddress::NoAtSign)?;
        if local_part.contains('@') {
            return Err(InvalidEmailAddress::NotOne);
        }
        // The grammar below takes letters of any script, and quotes, for a local part.
        if !local_part.is_ascii() || local_part.contains('"') {
            return Err(InvalidEmailAddress::LocalPart);
        }
        if local_part.len() > Self::MAX_BYTES_OF_LOCAL_PART {
            return Err(InvalidEmailAddress::LocalPartTooLong);
        }
        let mailed = format!("{local_part}@{}", ascii_domain(domain)?);
        if mailed.len() > Self::MAX_BYTES {
            return Err(InvalidEmailAddress::TooLong);
        }
        let strict = Options::default().with_required_tld().without_domain_literal().without_display_text();
        Grammar::parse_with_options(&mailed, strict).map_err(|error| match error {
            GrammarError::DomainTooFew => InvalidEmailAddress::OneLabel,
            _ => InvalidEmailAddress::LocalPart,
        })?;
        let canonical = mailed.to_ascii_lowercase();
        Ok(Self { mailed, canonical })
    }

    /// Returns the address that email is sent to: as typed, with the domain in Punycode and without
    /// the dot of the DNS root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.mailed
    }

    /// Returns the canonical form, by which addresses are compared: all in lower case. RFC 5321
    /// §2.4 allows a server to distinguish `John` from `john`, but common servers do not, and two
    /// owners of one mailbox would be worse.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Returns the domain of the canonical form.
    pub(crate) fn domain(&self) -> &str {
        self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns the canonical form without a `+tag` in the local part, by which rate limits count:
    /// many servers deliver `john+tag` to the mailbox of `john`.
    pub(crate) fn untagged(&self) -> Cow<'_, str> {
        let tagged = || {
            let (local_part, domain) = self.canonical.rsplit_once('@')?;
            let (mailbox, _) = local_part.split_once('+').filter(|(mailbox, _)| !mailbox.is_empty())?;
            Some(format!("{mailbox}@{domain}"))
        };
        tagged().map_or(Cow::Borrowed(&self.canonical), Cow::Owned)
    }
}

/// The reason why a text is not an address. The messages are shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmailAddress {
    /// Nothing but blanks.
    #[error("must not be empty")]
    Empty,
    /// More than 254 bytes, as typed or in punycode.
    #[error("must be at most 254 bytes, with the domain in Punycode")]
    TooLong,
    /// A control character or a line break.
    #[error("must be a single line without control characters")]
    Control,
    /// Several addresses, or one with a name beside it.
    #[error("must be a single address without spaces, commas, semicolons or angle brackets, such as john@doe.net")]
    NotOne,
    /// Nothing that separates a local part from a domain.
    #[error("must contain an @ followed by a domain, such as john@doe.net")]
    NoAtSign,
    /// More than 64 bytes before the at-sign.
    #[error("must have at most 64 characters before the @")]
    LocalPartTooLong,
    /// Something other than an ASCII dot-atom before the at-sign.
    #[error("must have only a-z, 0-9, !#$%&'*+-/=?^_`{{|}}~ and single dots between them before the @")]
    LocalPart,
    /// A domain that IDNA or DNS refuses, or one that would turn into another.
    #[error("must have a valid domain of letters, digits, hyphens and dots after the @, such as doe.net")]
    Domain,
    /// A domain such as `localhost`.
    #[error("must have a domain with at least two labels, such as john@doe.net")]
    OneLabel,
    /// An IP address, bare or in brackets.
    #[error("must have a domain such as doe.net after the @, not an IP address")]
    IpAddress,
}

impl From<InvalidEmailAddress> for Reason {
    fn from(error: InvalidEmailAddress) -> Self {
        match error {
            InvalidEmailAddress::Empty => Self::Blank,
            InvalidEmailAddress::TooLong | InvalidEmailAddress::LocalPartTooLong => Self::TooLong,
            InvalidEmailAddress::Control => Self::Characters,
            InvalidEmailAddress::NotOne
            | InvalidEmailAddress::NoAtSign
            | InvalidEmailAddress::LocalPart
            | InvalidEmailAddress::Domain
            | InvalidEmailAddress::OneLabel
            | InvalidEmailAddress::IpAddress => Self::Format,
        }
    }
}

/// The domain as the DNS knows it. Kept as typed if it is ASCII already.
fn ascii_domain(typed: &str) -> Result<Cow<'_, str>, InvalidEmailAddress> {
    if typed.starts_with('[') {
        return Err(InvalidEmailAddress::IpAddress);
    }
    let typed = typed.strip_suffix('.').unwrap_or(typed);
    let (uts46, ldh, hyphens) = (Uts46::new(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let ascii =
        uts46.to_ascii(typed.as_bytes(), ldh, hyphens, DnsLength::Verify).map_err(|_| InvalidEmailAddress::Domain)?;
    // Case and composition may change on the way to punycode and back; nothing else.
    let (unicode, _) = uts46.to_unicode(ascii.as_bytes(), ldh, hyphens);
    let as_typed = |(label, typed): (&str, &str)| {
        typed.is_ascii() || typed.chars().flat_map(char::to_lowercase).nfc().eq(label.chars())
    };
    if !unicode.split('.').zip(typed.split('.')).all(as_typed) {
        return Err(InvalidEmailAddress::Domain);
    }
    // No top-level domain begins with a digit; the last label of an IPv4 address does, however it
    // is spelt (127.1, 1.0x7f).
    let top = ascii.rsplit('.').next().unwrap_or_default();
    if top.starts_with(|character: char| character.is_ascii_digit()) {
        return Err(InvalidEmailAddress::IpAddress);
    }
    Ok(if typed.is_ascii() { Cow::Borrowed(typed) } else { ascii })
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Reads a stored address, which is trusted: a later release may have stricter rules.
impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mailed = String::deserialize(deserializer)?;
        Ok(Self { canonical: mailed.to_ascii_lowercase(), mailed })
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.mailed
    }
}

/// Shows nothing: addresses do not belong in logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
