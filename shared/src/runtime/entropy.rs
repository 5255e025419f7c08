//! The only source of randomness.

use rand::{CryptoRng, rand_core::UnwrapErr};
use uuid::{Builder, Uuid};

/// Returns the operating system's generator.
///
/// # Panics
/// Drawing from it panics if the system has no randomness. The edge turns that into a 500.
#[must_use]
#[expect(clippy::disallowed_types, reason = "the only place that reads the system's randomness")]
pub fn os_rng() -> impl CryptoRng {
    UnwrapErr::<rand::rngs::SysRng>::default()
}

/// Returns a random UUID, version 4 (RFC 9562 §5.4).
#[must_use]
pub fn uuid_v4() -> Uuid {
    Builder::from_random_bytes(bytes()).into_uuid()
}

/// Returns `N` random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::Rng::fill_bytes(&mut os_rng(), &mut bytes);
    bytes
}
