//! Random names, and the code key.

use shared::entropy::bytes;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `N` random bytes in hexadecimal.
pub(crate) fn hexadecimal<const N: usize>() -> String {
    bytes::<N>().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// `length` random letters and digits.
pub(crate) fn alphanumeric(length: usize) -> String {
    // 248 is the largest multiple of 62 in a byte: above it, some characters would come up more often.
    std::iter::repeat_with(bytes::<64>)
        .flatten()
        .filter(|&byte| byte < 248)
        .filter_map(|byte| ALPHANUMERIC.get(usize::from(byte % 62)))
        .take(length)
        .map(|&character| char::from(character))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_as_long_as_asked_for_and_never_the_same() {
        let key = alphanumeric(64);
        assert_eq!(key.len(), 64);
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(key, alphanumeric(64));
    }
}
