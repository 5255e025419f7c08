//! The local stack's clock, the only place that reads the system time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::formatting::Formattable;
use time::macros::format_description;

/// The system time plus the offset set with [`advance`](Clock::advance). Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    milliseconds_ahead: Arc<AtomicU64>,
    /// The time this clock shows instead of the system time.
    stopped_at: Option<Timestamp>,
}

impl Clock {
    /// Creates a clock that shows the system time until it is advanced.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Creates a clock that shows a fixed time until it is advanced, so that tests can check times
    /// to the second.
    #[must_use]
    pub fn stopped_at(moment: Timestamp) -> Self {
        Self { stopped_at: Some(moment), ..Self::default() }
    }

    /// Moves this clock into the future, and with it every part of the stack that reads it.
    pub fn advance(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds_ahead.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Returns the time that the functions see.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now_in_milliseconds() / 1000)
    }

    /// Returns the time in milliseconds since the Unix epoch.
    pub(crate) fn now_in_milliseconds(&self) -> i64 {
        let time = self.since_epoch() + Duration::from_millis(self.milliseconds_ahead.load(Ordering::SeqCst));
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the only place in the local stack that reads the system time")]
    fn since_epoch(&self) -> Duration {
        if let Some(moment) = self.stopped_at {
            return moment.since(Timestamp::from_seconds(0));
        }
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl dynoxide::storage_backend::Clock for Clock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.now_in_milliseconds() / 1000).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay exact in a double for 285,000 years")]
    fn now_unix_secs_f64(&self) -> f64 {
        self.now_in_milliseconds() as f64 / 1000.0
    }
}

/// Formats a time as in the Common Log Format and in API Gateway's events:
/// `12/Mar/2020:19:03:58 +0000`. Returns an empty string for a year the calendar does not have.
pub(crate) fn common_log(seconds: i64) -> String {
    let description = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    format(seconds, description)
}

/// Formats a time as RFC 3339 does: `2020-03-12T19:03:58Z`. Returns an empty string for a year the
/// calendar does not have.
pub(crate) fn rfc3339(seconds: i64) -> String {
    format(seconds, &Rfc3339)
}

fn format(seconds: i64, description: &(impl Formattable + ?Sized)) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(description).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_formatted_as_api_gateway_and_ses_do() {
        assert_eq!(common_log(1_584_039_838), "12/Mar/2020:19:03:58 +0000");
        assert_eq!(rfc3339(1_584_039_838), "2020-03-12T19:03:58Z");
    }

    #[test]
    fn a_stopped_clock_moves_only_when_it_is_advanced() {
        let clock = Clock::stopped_at(Timestamp::from_seconds(1_800_000_000));
        assert_eq!(clock.now_in_milliseconds(), 1_800_000_000_000);
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.clone().now_in_milliseconds(), 1_800_000_001_000);
    }

    #[test]
    fn clones_advance_together() {
        let clock = Clock::system();
        let before = clock.clone();
        clock.advance(Duration::from_hours(1));
        assert!(before.now_in_milliseconds() >= Clock::system().now_in_milliseconds() + 3_599_000);
    }
}
