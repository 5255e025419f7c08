//! The only reader of the time, for decisions and for the log.

use std::time::SystemTime;

/// Returns the current time. Every decision about a request uses the value that was read when it
/// arrived; the log reads the time again for each line.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the only place that reads the time")]
pub fn system_time() -> SystemTime {
    SystemTime::now()
}
