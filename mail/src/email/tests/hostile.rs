//! A client cannot write text into an email.

use insta::assert_snapshot;

use shared::Language;

use super::{AT, Email, FIREFOX, Message, Requester, branding, describe, emails, facts, requester};

/// User agents that try to be markup, a header, a link, a message or a code.
fn hostile_agents() -> [String; 22] {
    [
        "<script>alert(1)</script>".to_owned(),
        "Mozilla/5.0 <script>alert(1)</script> Firefox/140.0".to_owned(),
        "Mozilla/5.0 (Windows) <a href=https://evil.example>Claim your money</a> Chrome/1.0".to_owned(),
        "curl/8.5.0\r\nBcc: eve@evil.example".to_owned(),
        "curl\r\n\r\nYour account is locked, see evil.example".to_owned(),
        "\u{202e}elpmaxe.live\u{202c}".to_owned(),
        "curl/\u{202e}8.5".to_owned(),
        "Mozilla/5.0 \u{2066}\u{202e}evil\u{2069} Safari/1 (iPhone)".to_owned(),
        "\0".to_owned(),
        "x".repeat(10_240),
        format!("Mozilla/5.0 {}", "Firefox/".repeat(1_280)),
        "1.".repeat(5_120),
        format!("curl/{}", "1.".repeat(5_120)),
        "https://evil.example/claim".to_owned(),
        "www.evil.example".to_owned(),
        "evil.example/1.0".to_owned(),
        "Your code is 999999".to_owned(),
        "code/999999".to_owned(),
        "Call/1.888.555.0199".to_owned(),
        "Call-Latchkey-Support/800.555.0199".to_owned(),
        "evil-dot-com".to_owned(),
        "{{ context.ip }}{% include \"code.txt\" %}".to_owned(),
    ]
}

fn assert_harmless(message: &Message) {
    let Message { subject, text, html } = message;
    let is_odd = |c: char| c != '\n' && !(' '..='~').contains(&c);
    for part in [subject, text, html] {
        assert!(!part.contains(is_odd), "control or foreign characters: {part:?}");
        for word in ["evil", "<script", "alert", "Bcc", "Claim", "999999", "{{", "Call", "555"] {
            assert!(!part.contains(word), "{word} in {part}");
        }
    }
    assert!(text.len() < 2_000 && html.len() < 9_000);
}

#[test]
fn a_user_agent_writes_nothing_into_an_email() {
    for agent in hostile_agents() {
        for (_, email) in emails() {
            let message = email.write(Language::English, &branding("Latchkey"), &requester(&agent)).unwrap();
            assert_harmless(&message);
        }
    }
}

#[test]
fn a_hostile_user_agent_is_reduced_to_known_words() {
    let left: Vec<String> = hostile_agents().iter().map(|agent| describe(agent)).collect();
    assert_snapshot!(left.join("\n"), @r"
    unknown
    Firefox
    Chrome on Windows
    curl
    unknown
    unknown
    curl
    Safari on iOS
    unknown
    unknown
    Firefox
    unknown
    curl
    unknown
    unknown
    unknown
    unknown
    unknown
    unknown
    unknown
    unknown
    unknown
    ");
}

#[test]
fn an_ip_address_is_one_or_unknown() {
    let highlight = |ip: &str| facts::ip(ip).unwrap_or_default();
    assert_eq!(highlight("203.0.113.7"), "203.0.113.7");
    assert_eq!(highlight("2001:DB8:0::1"), "2001:db8::1");
    for ip in ["", "evil.example", "203.0.113.7, 198.51.100.1", "203.0.113.7\r\nBcc: eve@evil.example", "<b>"] {
        assert_eq!(facts::ip(ip), None);
        let requester = Requester { ip, user_agent: FIREFOX, at: AT };
        assert_harmless(&Email::NoAccount.write(Language::English, &branding("Latchkey"), &requester).unwrap());
    }
}

#[test]
fn the_name_of_a_key_pair_is_one_line_without_links() {
    assert_eq!(facts::key_name("Jane's build 🔑 (new)"), "Jane's build 🔑 (new)");
    assert_eq!(facts::key_name("see https://evil.example"), "see https___evil_example");
    assert_eq!(facts::key_name("a\r\nBcc: eve@evil.example\0"), "a Bcc_ eve_evil_example");
    assert_eq!(facts::key_name(&"x".repeat(10_240)).len(), 64);
    let name = "<script>alert(1)</script>";
    for email in [Email::KeyPairVerified { name }, Email::KeyPairCode { code: super::code("048291"), name }] {
        let message = super::write(&email);
        assert!(!message.subject.contains("script") && !message.html.contains("<script"), "{}", message.html);
    }
}

#[test]
fn an_address_is_one_word_of_ascii() {
    assert_eq!(facts::address("John.O'Hara+x@doe.example"), "John.O'Hara+x@doe.example");
    assert_eq!(facts::address("a@b.example\r\nBcc: c"), "a@b.example??Bcc:?c");
    assert_eq!(facts::address("\u{202e}\u{0}j\u{f6}hn@d.example"), "??j?hn@d.example");
    assert_eq!(facts::address(&"x".repeat(10_240)).len(), 254);
}
