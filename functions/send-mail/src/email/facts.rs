//! What a mail may show of what others typed or configured: each fact in a form that can hold nothing but itself.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::Frame;

/// The longest address there is (RFC 5321).
const ADDRESS_LIMIT: usize = 254;

/// The product's name, which stands in subjects: a line break would start a header there.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An IP address, if it is one.
pub(super) fn ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

/// An e-mail address. It is ASCII already where it was accepted; anything else is a question mark here.
pub(super) fn address(text: &str) -> String {
    let visible = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    text.chars().take(ADDRESS_LIMIT).map(visible).collect()
}

/// Such as `21 November 2026, 20:48 UTC`: a mail does not know its reader's clock.
pub(super) fn moment(seconds: i64, frame: &Frame) -> Result<String, askama::Error> {
    let at = calendar(seconds)?;
    let time = time_of_day(seconds)?;
    let month = frame.months.get(usize::from(u8::from(at.month())).saturating_sub(1)).copied().unwrap_or_default();
    Ok(format!("{}{}{month} {}, {time}", at.day(), frame.after_day, at.year()))
}

/// Such as `20:48 UTC`.
pub(super) fn time_of_day(seconds: i64) -> Result<String, askama::Error> {
    let at = calendar(seconds)?;
    Ok(format!("{:02}:{:02} UTC", at.hour(), at.minute()))
}

fn calendar(seconds: i64) -> Result<OffsetDateTime, askama::Error> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(askama::Error::custom)
}
