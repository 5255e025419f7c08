//! Properties of every text that parses as an alias: for the tests beside this file and the targets
//! in `fuzz/`.

use unicode_normalization::UnicodeNormalization;

use super::Alias;

pub(super) fn check(text: &str) {
    let Ok(alias) = Alias::parse(text) else { return };
    assert_eq!(alias.as_str(), text);
    assert!((1..=32).contains(&text.chars().count()));
    for form in [text, alias.canonical()] {
        let unseen = |character: char| character.is_whitespace() || character.is_control();
        assert!(!form.contains(unseen) && !form.contains('@'));
    }
    // Unicode changes case in the order of marks that NFD has; and U+0131 has the upper case of i.
    let (nfd, nfkc): (String, String) = (text.nfd().collect(), text.nfkc().collect());
    let upper = if text.contains('\u{131}') { nfd.clone() } else { nfd.to_uppercase() };
    for variant in [nfd.to_lowercase(), caseless::default_case_fold_str(&nfd), upper, nfd, nfkc] {
        // A variant may be too long or leave the repertoire; if it is still an alias, it is the
        // same one.
        if let Ok(variant) = Alias::parse(&variant) {
            assert_eq!(variant.canonical(), alias.canonical());
        }
    }
}
