//! The languages of emails.

use serde::{Deserialize, Serialize};

/// The language of an email.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// The default.
    #[default]
    #[serde(rename = "en")]
    English,
    /// In the polite form.
    #[serde(rename = "de")]
    German,
}

impl Language {
    /// Returns the language that an `Accept-Language` header prefers (RFC 9110 §12.5.4). Regions do
    /// not matter: `de-AT` is German.
    pub(crate) fn accepted(header: &str) -> Self {
        let accepted = accept_language::parse_with_quality(header);
        accepted.iter().filter(|(_, quality)| *quality > 0.0).find_map(|(tag, _)| Self::of(tag)).unwrap_or_default()
    }

    /// Returns the language of a tag, by its first subtag (RFC 5646 §2.2.1).
    fn of(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_used_and_english_by_default() {
        for (header, language) in [
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("DE-ch", Language::German),
            ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", Language::German),
            ("en;q=0.4, de;q=0.5", Language::German),
            ("en-GB,en;q=0.9,de;q=0.8", Language::English),
            ("de;q=0,en", Language::English),
            ("de;q=0", Language::English),
            ("fr", Language::English),
            ("deutsch", Language::English),
            ("*", Language::English),
            ("", Language::English),
            (";;q=,,-", Language::English),
            ("de;q=NaN", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
