//! Waiting between tries: exponential backoff with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog).

use std::time::Duration;

use rand::RngExt;

use crate::entropy;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(400);
const TRIES: u32 = 14;

/// How often something contended is tried.
#[derive(Default)]
pub(super) struct Backoff {
    tried: u32,
}

impl Backoff {
    /// Waits a little; false once it is not worth trying again. Adds up to two seconds or so.
    pub(super) async fn wait(&mut self) -> bool {
        self.tried = self.tried.saturating_add(1);
        if self.tried >= TRIES {
            return false;
        }
        let longest = FIRST.saturating_mul(2u32.saturating_pow(self.tried)).min(LONGEST);
        tokio::time::sleep(longest.mul_f64(entropy::os_rng().random())).await;
        true
    }
}
