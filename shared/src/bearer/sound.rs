//! What is true of every header that is taken for a bearer's. For the tests beside this file, and for those in `fuzz/`.

use super::Bearer;

pub(super) fn check(header: &str) {
    let Some(bearer) = Bearer::from_header(header) else { return };
    let token = serde_json::to_value(&bearer).expect("JSON");
    let token = token.as_str().expect("a text");
    assert_eq!(token.len(), 64);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(header.contains(token));
    assert_eq!(Bearer::from_header(token).expect("a bearer").hash(), bearer.hash());
}
