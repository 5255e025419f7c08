//! The one source of randomness.

use rand::{CryptoRng, rand_core::UnwrapErr};
use uuid::{Builder, Uuid};

/// The operating system's generator.
///
/// # Panics
/// Drawing from it panics where the system can give no randomness; the edge answers that with a 500.
#[must_use]
#[expect(clippy::disallowed_types, reason = "the one place that reads the system's randomness")]
pub fn os_rng() -> impl CryptoRng {
    UnwrapErr::<rand::rngs::SysRng>::default()
}

/// A random UUID, version 4 (RFC 9562 §5.4).
#[must_use]
pub fn uuid_v4() -> Uuid {
    Builder::from_random_bytes(bytes()).into_uuid()
}

/// `N` random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::Rng::fill_bytes(&mut os_rng(), &mut bytes);
    bytes
}
