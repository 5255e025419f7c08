//! Waiting between attempts: exponential backoff with full jitter ("Exponential Backoff And
//! Jitter", AWS Architecture Blog).

use std::time::Duration;

use rand::RngExt;

use crate::runtime::entropy;

const BASE_DELAY: Duration = Duration::from_millis(10);
const MAX_DELAY: Duration = Duration::from_millis(400);
const MAX_ATTEMPTS: u32 = 14;

/// The attempts at a contended write.
#[derive(Default)]
pub(in crate::store) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Waits before the next attempt. Returns false after the last one, about two seconds in all.
    pub(in crate::store) async fn wait(&mut self) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts >= MAX_ATTEMPTS {
            return false;
        }
        let delay = BASE_DELAY.saturating_mul(2u32.saturating_pow(self.attempts)).min(MAX_DELAY);
        tokio::time::sleep(delay.mul_f64(entropy::os_rng().random())).await;
        true
    }
}
