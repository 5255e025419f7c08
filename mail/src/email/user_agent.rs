//! A user agent in words of fixed lists. A client cannot write text into an email with it: even a
//! version could be a phone number.

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

/// Other programs, by the word that their user agent begins with.
const PROGRAMS: [&str; 23] = [
    "Apache-HttpClient",
    "Dalvik",
    "Dart",
    "Deno",
    "Go-http-client",
    "HTTPie",
    "Java",
    "Java-http-client",
    "PostmanRuntime",
    "Python-urllib",
    "Ruby",
    "Wget",
    "aiohttp",
    "axios",
    "curl",
    "got",
    "insomnia",
    "node",
    "node-fetch",
    "okhttp",
    "python-httpx",
    "python-requests",
    "reqwest",
];

/// Returns `Firefox on Windows` for a browser, `curl` for another known program, and `None` for
/// everything else.
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

/// Returns the known program that a user agent begins with, without its version.
fn program(agent: &str) -> Option<String> {
    let name = agent.split(['/', ' ']).next()?;
    PROGRAMS.iter().find(|program| program.eq_ignore_ascii_case(name)).map(|program| (*program).to_owned())
}
