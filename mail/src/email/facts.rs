//! The facts that an email shows of a request or of the configuration, each in a form that cannot
//! contain anything else.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::Layout;

/// The maximum length of an address (RFC 5321).
const MAX_ADDRESS_BYTES: usize = 254;

/// The maximum length of the name of a key pair.
const MAX_KEY_NAME_CHARACTERS: usize = 64;

/// Returns the product's name on one line. It is part of subjects, where a line break would start a
/// header.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns an IP address, if the text is one.
pub(super) fn ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

/// Returns an email address. An accepted address is ASCII; any other character is replaced by a
/// question mark.
pub(super) fn address(text: &str) -> String {
    let visible = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    text.chars().take(MAX_ADDRESS_BYTES).map(visible).collect()
}

/// Returns the name of a key pair on one line. Characters of which mail programs make links are
/// replaced: the user who chose the name may not be the owner of the account.
pub(super) fn key_name(text: &str) -> String {
    let name = one_line(text).replace(['.', ':', '/', '@'], "_");
    name.chars().take(MAX_KEY_NAME_CHARACTERS).collect()
}

/// Returns a time such as `21 November 2026, 20:48 UTC`. The time zone of the reader is unknown.
pub(super) fn moment(seconds: i64, layout: &Layout) -> Result<String, askama::Error> {
    let at = calendar(seconds)?;
    let time = time_of_day(seconds)?;
    let month = layout.months.get(usize::from(u8::from(at.month())).saturating_sub(1)).copied().unwrap_or_default();
    Ok(format!("{}{}{month} {}, {time}", at.day(), layout.after_day, at.year()))
}

/// Returns a time such as `20:48 UTC`.
pub(super) fn time_of_day(seconds: i64) -> Result<String, askama::Error> {
    let at = calendar(seconds)?;
    Ok(format!("{:02}:{:02} UTC", at.hour(), at.minute()))
}

fn calendar(seconds: i64) -> Result<OffsetDateTime, askama::Error> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(askama::Error::custom)
}
