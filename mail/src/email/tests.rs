//! The texts of the emails are in `snapshots/`, for people to review. Properties of all of them are
//! tested here.

use insta::assert_snapshot;

use shared::Language;

use super::{Branding, Code, Email, Message, Requester, copy, facts, user_agent};

mod hostile;

/// 21 November 2026, 20:48 UTC.
const AT: i64 = 1_795_294_080;
const ADDRESS: &str = "john@doe.example";
const KEY_NAME: &str = "Nightly backup";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn code(digits: &str) -> Code {
    Code::new(digits, AT, AT + 600).unwrap()
}

/// Returns every email with the name of its snapshots.
fn emails() -> [(&'static str, Email<'static>); 22] {
    [
        ("sign-up-code", Email::SignUpCode(code("048291"))),
        ("sign-in-code", Email::SignInCode(code("482913"))),
        ("recovery-code", Email::RecoveryCode(code("482913"))),
        ("restore-code", Email::RestoreCode(code("482913"))),
        ("reauthentication-code", Email::ReauthenticationCode(code("482913"))),
        ("add-address-code", Email::AddAddressCode(code("482913075566"))),
        ("key-pair-code", Email::KeyPairCode { code: code("482913"), name: KEY_NAME }),
        ("already-registered", Email::AlreadyRegistered),
        ("no-account", Email::NoAccount),
        ("belongs-to-another", Email::BelongsToAnother),
        ("address-verified", Email::AddressVerified { address: ADDRESS }),
        ("address-removed", Email::AddressRemoved { address: ADDRESS, recoverable_until: Some(AT + 3 * 24 * 3600) }),
        ("address-removed-for-good", Email::AddressRemoved { address: ADDRESS, recoverable_until: None }),
        ("address-preferred", Email::AddressPreferred { address: ADDRESS }),
        ("no-longer-preferred", Email::NoLongerPreferred { address: ADDRESS }),
        ("signed-in-elsewhere", Email::SignedInElsewhere { address: ADDRESS }),
        ("account-recovered", Email::AccountRecovered { address: ADDRESS }),
        ("account-deleted", Email::AccountDeleted { address: ADDRESS, recoverable_until: Some(AT + 3 * 24 * 3600) }),
        ("account-deleted-for-good", Email::AccountDeleted { address: ADDRESS, recoverable_until: None }),
        ("account-restored", Email::AccountRestored { address: ADDRESS }),
        ("unverified-by-recovery", Email::UnverifiedByRecovery { address: ADDRESS }),
        ("key-pair-verified", Email::KeyPairVerified { name: KEY_NAME }),
    ]
}

fn branding(product: &str) -> Branding {
    Branding { product: product.to_owned(), takes_replies: false, link: None, color: None }
}

fn requester(user_agent: &str) -> Requester<'_> {
    Requester { ip: "203.0.113.7", user_agent, at: AT }
}

const LANGUAGES: [Language; 2] = [Language::English, Language::German];

fn write(email: &Email<'_>) -> Message {
    write_in(Language::English, email)
}

fn write_in(language: Language, email: &Email<'_>) -> Message {
    email.write(language, &branding("Latchkey"), &requester(FIREFOX)).unwrap()
}

/// Returns every email in every language.
fn written() -> impl Iterator<Item = (String, Email<'static>, Message)> {
    LANGUAGES.into_iter().flat_map(|language| {
        emails().into_iter().map(move |(name, email)| {
            let message = write_in(language, &email);
            (format!("{name}.{}", copy::layout(language).tag), email, message)
        })
    })
}

/// Returns the code in an email, in groups.
fn code_of<'a>(email: &'a Email<'_>) -> Option<&'a str> {
    match email {
        Email::SignUpCode(code)
        | Email::SignInCode(code)
        | Email::RecoveryCode(code)
        | Email::RestoreCode(code)
        | Email::ReauthenticationCode(code)
        | Email::AddAddressCode(code)
        | Email::KeyPairCode { code, .. } => Some(&code.grouped),
        _ => None,
    }
}

/// Returns the visible text of HTML without whitespace.
fn seen(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let mut seen = String::new();
    let mut in_tag = true;
    for c in body.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag && !c.is_whitespace() => seen.push(c),
            _ => {}
        }
    }
    seen
}

/// Describes a user agent in English.
fn describe(agent: &str) -> String {
    user_agent::describe(agent, copy::layout(Language::English)).unwrap_or_else(|| "unknown".to_owned())
}

/// Returns the length of the longest run of digits.
fn longest_number(text: &str) -> usize {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.map(str::len).max().unwrap_or_default()
}

#[test]
fn every_email_reads_as_approved() {
    for (name, _, message) in written() {
        assert_snapshot!(format!("{name}.txt"), format!("Subject: {}\n\n{}", message.subject, message.text));
        assert_snapshot!(format!("{name}.html"), message.html);
    }
}

#[test]
fn the_html_contains_the_whole_text() {
    for (name, _, message) in written() {
        let seen = seen(&message.html).replace("&#39;", "'").replace("&#34;", "\"");
        for line in message.text.lines() {
            let line: String = line.split_whitespace().collect();
            assert!(seen.contains(&line), "{name}: {line:?} is in the text alone");
        }
    }
}

#[test]
fn html_escapes_and_text_does_not() {
    let email = Email::AddressVerified { address: "o'hara&sons@doe.example" };
    let message = email.write(Language::English, &branding("Lock <& Key>"), &requester(FIREFOX)).unwrap();
    assert_eq!(message.subject, "An email address was added to your Lock <& Key> account");
    assert!(message.text.contains("Lock <& Key>"));
    assert!(message.text.contains("o'hara&sons@doe.example"));
    assert!(message.html.contains("Lock &#60;&#38; Key&#62;"));
    assert!(message.html.contains("o&#39;hara&#38;sons@doe.example"));
    assert!(!message.html.contains("<& Key"));
}

#[test]
fn a_code_stands_first_in_the_subject_and_once_in_each_body() {
    for (name, email, message) in written() {
        let Some(code) = code_of(&email) else { continue };
        assert!(message.subject.starts_with(&format!("{code} ")), "{name}");
        assert_eq!(message.text.matches(code).count(), 1, "{name}");
        assert_eq!(message.html.matches(code).count(), 1, "{name}");
        assert!(message.text.lines().any(|line| line.trim() == code), "{name}: a line of its own");
    }
}

#[test]
fn a_long_code_is_in_groups_of_three_or_four() {
    let subjects = (6..=12).map(|length| write(&Email::SignInCode(code(&"123456789012"[..length]))).subject);
    let codes: Vec<_> = subjects.map(|subject| subject.split_once(" is ").unwrap().0.to_owned()).collect();
    let grouped = ["123456", "1234 567", "1234 5678", "123 456 789", "1234 567 890", "1234 5678 901", "1234 5678 9012"];
    assert_eq!(codes, grouped);
}

#[test]
fn nothing_but_a_code_looks_like_one() {
    for (name, email, message) in written() {
        let (text, html) = match code_of(&email) {
            Some(code) => (message.text.replace(code, ""), seen(&message.html.replace(code, ""))),
            None => (message.text, seen(&message.html)),
        };
        assert!(longest_number(&text) < 6, "{name}");
        // Without whitespace, numbers such as those of `203.0.113.7` run together, but not further
        // than this.
        assert!(longest_number(&html) < 6, "{name}");
    }
}

#[test]
fn an_email_is_in_one_language() {
    // Words that are in every email of a language, and in none of the other.
    for (language, own, foreign) in [(Language::English, " this ", " die "), (Language::German, " die ", " this ")] {
        for (name, email) in emails() {
            let message = write_in(language, &email);
            for body in [&message.text, &message.html] {
                let body = body.replace(['\n', '>', '<'], " ").to_lowercase();
                assert!(body.contains(own) && !body.contains(foreign), "{name}");
            }
            assert!(message.html.contains(&format!("<html lang=\"{}\"", copy::layout(language).tag)));
        }
    }
}

#[test]
fn a_subject_is_one_line_for_any_product_name() {
    for (name, email) in emails() {
        let message = email
            .write(Language::English, &branding(" Latch\r\nBcc: eve@evil.example\u{2028}key\0 "), &requester(FIREFOX))
            .unwrap();
        assert!(message.subject.contains("Latch Bcc: eve@evil.example key"), "{name}");
        assert!(!message.subject.contains(char::is_control), "{name}");
        assert_eq!(message.subject.lines().count(), 1, "{name}");
    }
}

#[test]
fn text_is_at_most_72_columns_wide() {
    for (language, (name, email)) in LANGUAGES.into_iter().flat_map(|language| emails().map(|email| (language, email)))
    {
        let branding = branding("The Long And Winding Name Of A Product");
        let message = email.write(language, &branding, &requester(FIREFOX)).unwrap();
        assert!(message.text.is_ascii() || language != Language::English, "{name}");
        for line in message.text.lines() {
            assert!(line.chars().count() <= 72, "{name}: {line:?}");
            assert_eq!(line, line.trim_end(), "{name}");
        }
        assert!(!message.text.contains("\n\n\n"), "{name}");
    }
}

#[test]
fn an_email_loads_nothing_and_has_no_links() {
    for (name, _, message) in written() {
        let html = message.html;
        for reach in ["href", "src=", "url(", "@import", "http", "<script", "<form"] {
            assert!(!html.contains(reach), "{name}: {reach}");
        }
    }
}

#[test]
fn replies_are_invited_if_a_reply_address_is_configured() {
    let branding = Branding { takes_replies: true, ..branding("Latchkey") };
    let message = Email::NoAccount.write(Language::English, &branding, &requester(FIREFOX)).unwrap();
    for body in [&message.text, &message.html] {
        assert!(body.contains("Need help? Just reply to this email."));
        assert!(!body.contains("automated"));
    }
}

#[test]
fn a_lifetime_is_in_words() {
    let lived = |seconds| {
        let digits = "482913";
        let expires_at = AT + seconds;
        let email = Email::SignInCode(Code::new(digits, AT, expires_at).unwrap());
        let text = write(&email).text;
        text.lines().find(|line| line.starts_with("This code works")).unwrap().to_owned()
    };
    assert_eq!(lived(600), "This code works once and is valid for 10 minutes, until 20:58 UTC.");
    assert_eq!(lived(119), "This code works once and is valid for 1 minute, until 20:49 UTC.");
    assert_eq!(lived(15), "This code works once and is valid for 1 minute, until 20:48 UTC.");
    assert_eq!(lived(4 * 3600), "This code works once and is valid for 240 minutes, until 00:48 UTC.");
}

#[test]
fn times_are_readable() {
    let [english, german] = LANGUAGES.map(copy::layout);
    assert_eq!(facts::moment(AT, english).unwrap(), "21 November 2026, 20:48 UTC");
    assert_eq!(facts::moment(0, english).unwrap(), "1 January 1970, 00:00 UTC");
    assert_eq!(facts::moment(1_772_323_199, english).unwrap(), "28 February 2026, 23:59 UTC");
    assert_eq!(facts::moment(1_772_323_200, german).unwrap(), "1. März 2026, 00:00 UTC");
    assert!(facts::moment(i64::MAX, english).is_err());
    assert!(Code::new("482913", AT, i64::MAX).is_err());
}

#[test]
fn browsers_have_their_usual_names() {
    let agents = [
        FIREFOX,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 OPR/121.0.0.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Somebot/2.1; +https://bot.example/)",
        "curl/8.5.0",
        "python-requests/2.32.4",
        "Go-http-client/1.1",
        "PostmanRuntime",
        "okhttp/4.12.0",
        "Evil-Client/1.0",
        "",
    ];
    let described = agents.map(describe).join("\n");
    assert_snapshot!(described, @r"
    Firefox on Linux
    Chrome on Windows
    Edge on Windows
    Opera on Windows
    Safari on macOS
    Safari on iOS
    Chrome on iOS
    Firefox on iPadOS
    An app on iOS
    Chrome on Android
    Samsung Internet on Android
    Chrome on ChromeOS
    unknown
    curl
    python-requests
    Go-http-client
    PostmanRuntime
    okhttp
    unknown
    unknown
    ");
}
