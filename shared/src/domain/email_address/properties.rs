//! Properties of every text that parses as an address: for the tests beside this file and the
//! targets in `fuzz/`.

use super::EmailAddress;

pub(super) fn check(text: &str) {
    let Ok(address) = EmailAddress::parse(text) else { return };
    let mailed = address.as_str();
    assert!(mailed.len() <= 254 && mailed.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(mailed.to_ascii_lowercase(), address.canonical());
    let (local_part, domain) = mailed.split_once('@').expect("an @");
    assert!((1..=64).contains(&local_part.len()) && text.trim().starts_with(local_part));
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    assert!(domain.contains('.') && domain.split('.').all(label), "{domain}");
    assert_eq!(EmailAddress::parse(mailed).as_ref(), Ok(&address));
    let canonical = EmailAddress::parse(address.canonical()).expect("an address");
    assert_eq!([canonical.as_str(), canonical.canonical()], [address.canonical(); 2]);
}
