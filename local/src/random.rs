//! Random strings for IDs, nonces and the code key.

use rand::distr::{Alphanumeric, SampleString};
use shared::runtime::entropy;

/// Returns `N` random bytes in hexadecimal.
pub(crate) fn hexadecimal<const N: usize>() -> String {
    hex::encode(entropy::bytes::<N>())
}

/// Returns `length` random letters and digits.
pub(crate) fn alphanumeric(length: usize) -> String {
    Alphanumeric.sample_string(&mut entropy::os_rng(), length)
}
