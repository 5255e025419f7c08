//! Email addresses.

use std::{borrow::Cow, fmt, str::FromStr};

use ::email_address::{EmailAddress as Grammar, Error as GrammarError, Options};
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::full_name::is_blank;

/// An address of one mailbox: an ASCII local part without quotes at a domain of at least two labels
/// (RFC 5321, as far as SES supports it).
///
/// An international domain is converted to Punycode, so email goes to exactly the domain that is
/// compared. Characters that IDNA would map or drop are rejected (full-width and circled letters,
/// U+FF0E or U+3002 for a dot, soft hyphens), so that the checked address is the typed one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
    }

    #[test]
    fn an_address_is_used_as_typed_without_surrounding_blanks() {
        let addresses = "john@doe.net John.Doe@Example.COM john+tag@mail.doe.co.uk o'neill!#$%&*/=?^_`{|}~-@doe.net \
            1@2.net john@3com.com john@ab--c.net john@xn--bcher-kva.de john@doe.xn--p1ai";
        for typed in addresses.split(' ') {
            assert_eq!(parse(typed).as_str(), typed);
            assert_eq!(parse(&format!(" \t{typed}\u{a0}\u{3000}")).as_str(), typed);
        }
    }

    #[test]
    fn spellings_of_one_address_have_one_canonical_form() {
        let groups = [
            "a@example.com A@EXAMPLE.com a@example.com. A@Example.Com.",
            "a@xn--bcher-kva.de a@b\u{fc}cher.de A@B\u{dc}CHER.DE a@bu\u{308}cher.de. a@XN--BCHER-KVA.de",
            "a@xn--strae-oqa.de a@stra\u{df}e.de a@STRA\u{1e9e}E.de",
            "a@xn--mnchen-3ya.xn--bcher-kva.de a@m\u{fc}nchen.xn--bcher-kva.de a@m\u{fc}nchen.b\u{fc}cher.de",
            "a@xn--fiqs8s.xn--fiqs8s a@\u{4e2d}\u{56fd}.\u{4e2d}\u{56fd}",
            "a@xn--9dbne9b.com a@\u{5e9}\u{5dc}\u{5d5}\u{5dd}.com",
            // A joiner where its script needs it (RFC 5892 appendix A): the one unseen character of
            // IDNA.
            "a@xn--11b2ezcw70k.com a@\u{915}\u{94d}\u{200d}\u{937}.com",
        ];
        for (canonical, spellings) in groups.map(|group| group.split_once(' ').unwrap()) {
            for spelling in spellings.split(' ').chain([canonical]) {
                assert_eq!(parse(spelling).canonical(), canonical, "{spelling}");
            }
        }
        assert_eq!(parse("J.Doe@B\u{dc}CHER.De").as_str(), "J.Doe@xn--bcher-kva.de");
    }

    #[test]
    fn different_mailboxes_stay_different() {
        for pair in ["a@stra\u{df}e.de a@strasse.de", "a+b@doe.net a@doe.net", "a.b@doe.net ab@doe.net"] {
            let (one, other) = pair.split_once(' ').unwrap();
            assert_ne!(parse(one).canonical(), parse(other).canonical());
        }
    }

    fn refused(error: InvalidEmailAddress, typed: &str) {
        assert_eq!(EmailAddress::parse(typed), Err(error), "{typed:?}");
    }

    /// For lists of addresses without blanks in them.
    fn all_refused(error: InvalidEmailAddress, addresses: &str) {
        for typed in addresses.split(' ') {
            refused(error, typed);
        }
    }

    #[test]
    fn anything_but_one_address_is_rejected() {
        use InvalidEmailAddress::{Empty, LocalPart, NoAtSign, NotOne};
        refused(Empty, "");
        refused(Empty, " \t\u{3000}");
        for typed in ["victim@doe.net evil@example.com", "John <john@doe.net>", "john@ doe.net", "john @doe.net"] {
            refused(NotOne, typed);
        }
        let several = "victim@doe.net,evil@example.com victim@doe.net;evil@example.com victim@doe.net\u{a0}evil@example.com \
            victim@doe.net\u{2028}evil@example.com evil@example.com@doe.net \"evil@example.com\"@doe.net john@@doe.net \
            <john@doe.net> group:john@doe.net; john@doe.net> john@doe\u{3000}.net";
        all_refused(NotOne, several);
        all_refused(NoAtSign, "john john.doe.net john\u{ff20}doe.net john%40doe.net john\u{fe6b}doe.net");
        all_refused(LocalPart, "mailto:john@doe.net john(comment)@doe.net [\"a\"]@doe.net");
    }

    #[test]
    fn control_characters_and_line_breaks_are_rejected_even_at_the_ends() {
        refused(InvalidEmailAddress::Control, "john@doe.net\r\nBcc: evil@example.com");
        let others =
            "john@doe.net\n \njohn@doe.net jo\0hn@doe.net john@doe\u{85}.net jo\thn@doe.net john\u{7f}@doe.net";
        all_refused(InvalidEmailAddress::Control, others);
    }

    #[test]
    fn a_local_part_is_an_ascii_dot_atom() {
        let addresses = "@doe.net .john@doe.net john.@doe.net john..doe@doe.net .@doe.net jo:hn@doe.net john\\@doe.net \
            \"john\"@doe.net jo\"hn@doe.net \"\"@doe.net j\u{f6}rg@doe.net \u{674e}\u{96f7}@doe.net john\u{200b}@doe.net \
            \u{feff}john@doe.net jo\u{ad}hn@doe.net a\u{ff20}example.com@doe.net john\u{ff0e}doe@doe.net \u{24d9}ohn@doe.net";
        all_refused(InvalidEmailAddress::LocalPart, addresses);
    }

    #[test]
    fn a_domain_is_a_name_of_the_dns_with_two_labels() {
        let labels = "john@ john@. john@.. john@.doe.net john@doe..net john@doe.net.. john@-doe.net john@doe-.net \
            john@doe_1.net john@doe!.net john@do'e.net john@doe.net:25 john@doe.net/x john@doe.net?x john@(doe).net";
        all_refused(InvalidEmailAddress::Domain, labels);
        all_refused(InvalidEmailAddress::OneLabel, "john@localhost john@net. john@\u{4e2d}\u{56fd}");
        let numbers = "john@127.0.0.1 john@127.1 john@1.2.3.0x7f john@doe.1 john@[127.0.0.1] john@[IPv6:::1] john@[x]";
        all_refused(InvalidEmailAddress::IpAddress, numbers);
    }

    #[test]
    fn a_domain_never_turns_into_another() {
        let mapped = "john@ex\u{ff0e}com john@ex\u{3002}com john@example.com\u{3002} john@ex\u{ff61}com john@doe\u{2024}net \
            john@doe\u{ff20}doe.net john@\u{24d4}xample.com john@\u{ff45}xample.com john@\u{1d41e}xample.com \
            john@\u{fb01}.com john@\u{2100}.com john@example.\u{2102}om";
        let unseen = "john@exa\u{ad}mple.com john@exa\u{200b}mple.com john@exa\u{200c}mple.com john@exa\u{200d}mple.com \
            john@exa\u{2060}mple.com john@example.com\u{feff} john@\u{fe0f}example.com john@\u{202e}example.com john@\u{ad}.com";
        let punycode_of_nothing = "john@xn--a.de john@xn--.de john@xn--0.de john@xn--example-.com";
        let mixed_directions = "john@1\u{5d0}.com john@a\u{5d0}.com";
        for addresses in [mapped, unseen, punycode_of_nothing, mixed_directions] {
            all_refused(InvalidEmailAddress::Domain, addresses);
        }
    }

    #[test]
    fn the_limits_of_rfc_5321_hold_to_the_byte() {
        let domain = |bytes: usize| format!("{}.{}.{}.net", "a".repeat(63), "b".repeat(63), "c".repeat(bytes - 132));
        let local_part = "x".repeat(64);
        assert_eq!(parse(&format!("  {local_part}@{}  ", domain(189))).as_str().len(), 254);
        for too_long in [format!("{local_part}@{}", domain(190)), format!("x@{}", domain(253)), "x".repeat(10_000)] {
            refused(InvalidEmailAddress::TooLong, &too_long);
        }
        refused(InvalidEmailAddress::LocalPartTooLong, &format!("x{local_part}@doe.net"));
        refused(InvalidEmailAddress::Domain, &format!("john@{}.net", "a".repeat(64)));
        // Punycode can take more bytes than UTF-8 does.
        let longer = format!("{local_part}@{}net", "\u{f6}.".repeat(30));
        assert_eq!(longer.len(), 158);
        refused(InvalidEmailAddress::TooLong, &longer);
    }

    #[test]
    fn an_address_is_stored_as_mailed_and_checked_when_read() {
        let address = parse("John@B\u{fc}cher.de");
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(json, r#""John@xn--bcher-kva.de""#);
        assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap(), address);
        let refused = serde_json::from_str::<EmailAddress>(r#""john@localhost""#).unwrap_err();
        assert_eq!(refused.to_string(), InvalidEmailAddress::OneLabel.to_string());
    }

    #[test]
    fn every_message_is_a_printable_line_that_follows_the_name_of_the_field() {
        use InvalidEmailAddress::{
            Control, Domain, Empty, IpAddress, LocalPart, LocalPartTooLong, NoAtSign, NotOne, OneLabel, TooLong,
        };
        let whole = [Empty, TooLong, Control, NotOne, NoAtSign];
        for error in whole.into_iter().chain([LocalPartTooLong, LocalPart, Domain, OneLabel, IpAddress]) {
            let message = error.to_string();
            let printable = message.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(printable && message.starts_with("must "), "{message}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", parse("john@doe.net")), "EmailAddress(..)");
    }

    proptest! {
        #[test]
        fn any_text_is_rejected_or_a_sound_address(text in any::<String>()) {
            properties::check(&text);
        }

        #[test]
        fn any_domain_is_rejected_or_sound(
            domain in r"[\p{L}\p{M}\p{Nd}\p{DI}\p{P}\p{S}]{1,3}|[\p{Latin}\p{Greek}.-]{1,20}|xn--[a-zA-Z0-9-]{1,9}",
        ) {
            properties::check(&format!("john@{domain}.net"));
            properties::check(&format!("john@doe.{domain}"));
        }

        #[test]
        fn any_local_part_is_rejected_or_sound(local_part in r"\PC{1,4}|[ -~]{1,70}") {
            properties::check(&format!("{local_part}@doe.net"));
        }

        #[test]
        fn case_blanks_and_the_root_make_no_difference(
            local_part in "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}([.][A-Za-z0-9_+-]{1,20}){0,2}",
            domain in "([A-Za-z0-9]([A-Za-z0-9]{0,20}[A-Za-z0-9])?[.]){1,4}[A-Za-z]{2,10}",
        ) {
            let typed = format!("{local_part}@{domain}");
            let address = parse(&typed);
            prop_assert_eq!(address.as_str(), &typed);
            for variant in [typed.to_uppercase(), typed.to_lowercase(), format!("{typed}."), format!("\t{typed} ")] {
                let variant = parse(&variant);
                prop_assert_eq!(variant.canonical(), address.canonical());
            }
        }

        #[test]
        fn unicode_and_punycode_are_one_domain(
            label in r"[a-z]{0,5}[\u00df-\u00f6\u00f8-\u00ff\u03b1-\u03c9\u0430-\u044f\u4e00-\u9fa5]{1,9}[a-z]{0,5}",
        ) {
            let address = parse(&format!("john@{label}.de"));
            let punycode = address.as_str();
            prop_assert!(punycode.starts_with("john@xn--"));
            for variant in [punycode.to_owned(), punycode.to_uppercase(), format!("john@{}.de.", label.nfd())] {
                let variant = parse(&variant);
                prop_assert_eq!(variant.canonical(), address.canonical());
            }
        }
    }
}
