use std::collections::BTreeSet;

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

#[test]
fn rate_limits_ignore_a_tag() {
    let groups = ["a@doe.net A@doe.net a+b@DOE.net a+@doe.net a+b+c@doe.net", "a.b@doe.net A.B+c@doe.net"];
    for group in groups {
        let forms: BTreeSet<_> = group.split(' ').map(|typed| parse(typed).untagged().into_owned()).collect();
        assert_eq!(forms.len(), 1, "{forms:?}");
    }
    assert_ne!(parse("a@doe.net").untagged(), parse("ab@doe.net").untagged());
    assert_eq!(parse("+a@doe.net").untagged(), "+a@doe.net");
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
    let others = "john@doe.net\n \njohn@doe.net jo\0hn@doe.net john@doe\u{85}.net jo\thn@doe.net john\u{7f}@doe.net";
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
fn an_address_is_stored_as_mailed_and_trusted_when_read() {
    let address = parse("John@B\u{fc}cher.de");
    let json = serde_json::to_string(&address).unwrap();
    assert_eq!(json, r#""John@xn--bcher-kva.de""#);
    assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap(), address);
    let stored = serde_json::from_str::<EmailAddress>(r#""John@localhost""#).unwrap();
    assert_eq!((stored.as_str(), stored.canonical()), ("John@localhost", "john@localhost"));
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
