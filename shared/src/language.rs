//! The languages that mails are written in.

use serde::{Deserialize, Serialize};

/// One of them. What was stored before there were several is English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// Whoever asks for none of these has it.
    #[default]
    #[serde(rename = "en")]
    English,
    /// In the polite form.
    #[serde(rename = "de")]
    German,
}

impl Language {
    /// The one that an `Accept-Language` header likes best (RFC 9110 §12.5.4). Regions are not told apart: `de-AT` is German.
    pub(crate) fn accepted(header: &str) -> Self {
        let accepted = accept_language::parse_with_quality(header);
        accepted.iter().filter(|(_, quality)| *quality > 0.0).find_map(|(tag, _)| Self::of(tag)).unwrap_or_default()
    }

    /// By a tag's first part (RFC 5646 §2.2.1).
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
    fn the_language_that_is_liked_best_is_taken_and_english_if_none_is_known() {
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
