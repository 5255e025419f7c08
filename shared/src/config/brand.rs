//! The branding of emails. An operator sets it and it is part of HTML, so its form is checked
//! strictly.

use std::{fmt, str::FromStr};

use lambda_http::http::Uri;

/// A colour, as `#rrggbb` (CSS Color Module Level 4, §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Color(String);

/// The URL of a web page, by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

impl FromStr for Color {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let is_color = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_color { Ok(Self(text.to_owned())) } else { Err("must be a color such as #1a73e8") }
    }
}

impl FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_https = text.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some());
        if is_https { Ok(Self(text.to_owned())) } else { Err("must be an HTTPS URL such as https://example.com/") }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digit_colors_and_https_links_are_accepted() {
        for good in ["#1a73e8", "#FFFFFF"] {
            assert_eq!(good.parse::<Color>().unwrap().to_string(), good);
        }
        for bad in ["", "red", "#fff", "1a73e8", "#1a73e8; background: url(//evil.example)", "#12345g"] {
            assert!(bad.parse::<Color>().is_err(), "{bad}");
        }
        for good in ["https://example.com", "https://example.com/a?b=c&d"] {
            assert_eq!(good.parse::<Link>().unwrap().to_string(), good);
        }
        for bad in
            ["", "example.com", "http://example.com", "javascript:alert(1)", "https://", "https://a.example/ \"x"]
        {
            assert!(bad.parse::<Link>().is_err(), "{bad}");
        }
    }
}
