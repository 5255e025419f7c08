//! The one place of the local stack where time is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::Timestamp;

/// The system's time, plus what [`advance`](Clock::advance) added to it. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    milliseconds_ahead: Arc<AtomicU64>,
}

impl Clock {
    /// A clock that shows the system's time until it is advanced.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
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

    #[expect(
        clippy::disallowed_methods,
        clippy::unused_self,
        reason = "the local stack's one reading of the system's time"
    )]
    fn since_epoch(&self) -> Duration {
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

/// A moment as people write it, in UTC.
pub(crate) struct Calendar {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Calendar {
    pub(crate) fn at(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Counted in eras of 400 years that begin on the 1st of March, so that leap days fall at the end.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: rest / 3_600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// As in web servers' logs and API Gateway's events: `12/Mar/2020:19:03:58 +0000`.
    pub(crate) fn common_log(&self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = usize::try_from(self.month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
        format!("{:02}/{month}/{}:{:02}:{:02}:{:02} +0000", self.day, self.year, self.hour, self.minute, self.second)
    }

    /// ISO 8601: `2020-03-12T19:03:58Z`.
    pub(crate) fn iso(&self) -> String {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_api_gateway_writes_it() {
        let moment = Calendar::at(1_584_039_838);
        assert_eq!(moment.common_log(), "12/Mar/2020:19:03:58 +0000");
        assert_eq!(moment.iso(), "2020-03-12T19:03:58Z");
    }

    #[test]
    fn leap_days_and_turns_of_the_year_are_on_the_calendar() {
        assert_eq!(Calendar::at(1_709_164_800).iso(), "2024-02-29T00:00:00Z");
        assert_eq!(Calendar::at(1_735_689_599).iso(), "2024-12-31T23:59:59Z");
        assert_eq!(Calendar::at(0).iso(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn clones_advance_together() {
        let clock = Clock::system();
        let before = clock.clone();
        clock.advance(Duration::from_hours(1));
        assert!(before.now_in_milliseconds() >= Clock::system().now_in_milliseconds() + 3_599_000);
    }
}
