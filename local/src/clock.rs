//! The one place of the local stack where time is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::formatting::Formattable;
use time::macros::format_description;

/// The system's time, plus what [`advance`](Clock::advance) added to it. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    milliseconds_ahead: Arc<AtomicU64>,
    /// Instead of the system's time.
    stopped_at: Option<Timestamp>,
}

impl Clock {
    /// A clock that shows the system's time until it is advanced.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows this moment until it is advanced: what is to happen to the second can be told to the second.
    #[must_use]
    pub fn stopped_at(moment: Timestamp) -> Self {
        Self { stopped_at: Some(moment), ..Self::default() }
    }

    /// Moves this clock, and everything in the stack that reads it, into the future.
    pub fn advance(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds_ahead.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// What the functions are told the time is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now_in_milliseconds() / 1000)
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn now_in_milliseconds(&self) -> i64 {
        let time = self.since_epoch() + Duration::from_millis(self.milliseconds_ahead.load(Ordering::SeqCst));
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the local stack's one reading of the system's time")]
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

/// As in web servers' logs and API Gateway's events: `12/Mar/2020:19:03:58 +0000`. Empty outside the calendar's years.
pub(crate) fn common_log(seconds: i64) -> String {
    let form = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    written(seconds, form)
}

/// RFC 3339: `2020-03-12T19:03:58Z`. Empty outside the calendar's years.
pub(crate) fn rfc3339(seconds: i64) -> String {
    written(seconds, &Rfc3339)
}

fn written(seconds: i64, form: &(impl Formattable + ?Sized)) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment.and_then(|moment| moment.format(form).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_api_gateway_and_ses_write_it() {
        assert_eq!(common_log(1_584_039_838), "12/Mar/2020:19:03:58 +0000");
        assert_eq!(rfc3339(1_584_039_838), "2020-03-12T19:03:58Z");
    }

    #[test]
    fn a_stopped_clock_moves_when_it_is_advanced_and_only_then() {
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
