//! Properties of every text that parses as a bearer token: for the tests beside this file and the
//! targets in `fuzz/`.

use super::BearerToken;

pub(super) fn check(header: &str) {
    let Some(bearer) = BearerToken::from_header(header) else { return };
    let token = serde_json::to_value(&bearer).expect("JSON");
    let token = token.as_str().expect("a text");
    assert_eq!(token.len(), 64);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(header.contains(token));
    assert_eq!(BearerToken::from_header(token).expect("a bearer").hash(), bearer.hash());
}
