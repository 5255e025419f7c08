//! A user agent in words that people know, ours but for one: whoever asks for a mail writes nothing into it.

use super::Frame;

/// Browsers, by what gives them away. The order counts: most also name those that they want to be taken for.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// A browser that is part of another program.
const PART_OF_AN_APP: &str = "AppleWebKit/";

/// Systems, likewise: Android calls itself Linux, and iOS something like Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// What all browsers begin with, for reasons that nobody remembers.
const BROWSERLY: &str = "Mozilla/";

/// The longest name of a program that is shown.
const NAME_LIMIT: usize = 24;

/// `Firefox on Windows`; for what is no browser its name and version, such as `curl/8.5.0`.
pub(super) fn describe(agent: &str, frame: &Frame) -> Option<String> {
    if agent.starts_with(BROWSERLY) { browser(agent, frame) } else { program(agent) }
}

fn browser(agent: &str, frame: &Frame) -> Option<String> {
    let browser = known(&BROWSERS, agent).or_else(|| agent.contains(PART_OF_AN_APP).then_some(frame.an_app))?;
    Some(match known(&SYSTEMS, agent) {
        Some(system) => format!("{browser} {} {system}", frame.on),
        None => browser.to_owned(),
    })
}

fn known(names: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    let found = names.iter().find(|(sign, _)| agent.contains(sign));
    found.map(|(_, name)| *name)
}

/// The first product of the agent, if its name is a plain word. So short a word has no room for a message, a version
/// of three times four digits at most none for a link, or for what looks like a code.
fn program(agent: &str) -> Option<String> {
    let product = agent.split(' ').next()?;
    let (name, version) = product.split_once('/').unwrap_or((product, ""));
    let is_plain = |b: u8| b.is_ascii_alphabetic() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(is_plain) {
        return None;
    }
    let is_number = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let numbers: Vec<&str> = version.split('.').take(3).take_while(is_number).collect();
    Some(if numbers.is_empty() { name.to_owned() } else { format!("{name}/{}", numbers.join(".")) })
}
