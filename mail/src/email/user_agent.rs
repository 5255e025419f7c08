//! A user agent in words that people know. A client cannot write text into an email with it.

use super::Layout;

/// Browsers by a token of their user agent. The order matters: most also name the browsers that
/// they are compatible with.
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

/// The token of a browser that is part of an app.
const PART_OF_AN_APP: &str = "AppleWebKit/";

/// Operating systems by their token. The order matters: Android also names Linux, and iOS a kind of
/// Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The beginning of the user agent of every browser.
const BROWSER_PREFIX: &str = "Mozilla/";

/// The longest name of a program that is highlight.
const MAX_NAME_BYTES: usize = 24;

/// Returns `Firefox on Windows` for a browser, and name and version for another program, such as
/// `curl/8.5.0`.
pub(super) fn describe(agent: &str, layout: &Layout) -> Option<String> {
    if agent.starts_with(BROWSER_PREFIX) { browser(agent, layout) } else { program(agent) }
}

fn browser(agent: &str, layout: &Layout) -> Option<String> {
    let browser = known(&BROWSERS, agent).or_else(|| agent.contains(PART_OF_AN_APP).then_some(layout.an_app))?;
    Some(match known(&SYSTEMS, agent) {
        Some(system) => format!("{browser} {} {system}", layout.on),
        None => browser.to_owned(),
    })
}

fn known(names: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    let found = names.iter().find(|(sign, _)| agent.contains(sign));
    found.map(|(_, name)| *name)
}

/// Returns the first product of a user agent, if its name is a plain word. The name is too short
/// for a message, and the version (three numbers of at most four digits) for a link or a code.
fn program(agent: &str) -> Option<String> {
    let product = agent.split(' ').next()?;
    let (name, version) = product.split_once('/').unwrap_or((product, ""));
    let is_plain = |b: u8| b.is_ascii_alphabetic() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_plain) {
        return None;
    }
    let is_number = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let numbers: Vec<&str> = version.split('.').take(3).take_while(is_number).collect();
    Some(if numbers.is_empty() { name.to_owned() } else { format!("{name}/{}", numbers.join(".")) })
}
