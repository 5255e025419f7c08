//! Rate limits of an address: how many emails it gets and how long its codes are (contract, Codes
//! and Limits).
//!
//! The times of the emails and wrong guesses of the last 24 hours are stored; every limit is
//! computed from these two lists.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{code::Digits, limits::Limits, timestamp::Timestamp};

/// How long an email or a wrong guess counts.
pub(crate) const WINDOW: Duration = Duration::from_hours(24);

/// The emails and wrong guesses of an address in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddressRateLimit {
    /// When emails were requested, oldest first.
    pub(crate) sent: Vec<Timestamp>,
    /// When wrong codes were submitted, oldest first.
    pub(crate) wrong_guesses: Vec<Timestamp>,
    /// Counts the writes. A write that saw an old version is refused.
    pub(crate) version: u64,
}

impl AddressRateLimit {
    /// Counts one more email. Returns the new state and the number of digits of the code in the
    /// email.
    ///
    /// # Errors
    /// The time until the next email is allowed.
    pub(crate) fn count_email(&self, now: Timestamp, limits: &Limits) -> Result<(Self, Digits), Duration> {
        let mut sent = recent(&self.sent, now);
        let wrong_guesses = recent(&self.wrong_guesses, now);
        let wait = burst_wait(&sent, now, limits).max(daily_wait(&sent, now, limits.mails_per_day));
        if !wait.is_zero() {
            return Err(wait);
        }
        sent.push(now);
        let under_attack = wrong_guesses.len() >= limits.guesses_before_long_codes;
        let digits = if under_attack { Digits::LONGEST } else { limits.code_digits };
        Ok((Self { sent, wrong_guesses, version: self.version.saturating_add(1) }, digits))
    }
}

/// Allows a burst, then one email an interval: the generic cell rate algorithm (ITU-T I.371),
/// replayed over the stored times.
fn burst_wait(sent: &[Timestamp], now: Timestamp, limits: &Limits) -> Duration {
    let interval = limits.mail_interval;
    let tolerance = interval.saturating_mul(limits.mail_burst.saturating_sub(1));
    let wait = |latest: Timestamp| {
        let begin = now.minus(WINDOW);
        let due = sent.iter().fold(begin, |due, moment| due.max((*moment).min(latest)).plus(interval));
        due.since(now).saturating_sub(tolerance)
    };
    // Requests can be recorded out of order by a second. That skew must never delay a request, but
    // is included in a reported wait.
    if wait(now).is_zero() { Duration::ZERO } else { wait(sent.iter().copied().fold(now, Ord::max)) }
}

/// Returns the time until fewer than `max` of the moments are less than a day old.
fn daily_wait(moments: &[Timestamp], now: Timestamp, max: usize) -> Duration {
    let over = moments.len().checked_sub(max);
    over.and_then(|first| moments.get(first)).map_or(Duration::ZERO, |moment| moment.plus(WINDOW).since(now))
}

/// Returns the moments that are less than a day old.
pub(crate) fn recent(moments: &[Timestamp], now: Timestamp) -> Vec<Timestamp> {
    moments.iter().copied().filter(|moment| *moment > now.minus(WINDOW)).collect()
}

/// Counts one more moment of a day's `max`. Returns those of the last day.
///
/// # Errors
/// The time until one more is allowed.
pub(crate) fn count_daily(moments: &[Timestamp], now: Timestamp, max: usize) -> Result<Vec<Timestamp>, Duration> {
    let mut recent = recent(moments, now);
    let wait = daily_wait(&recent, now, max);
    if !wait.is_zero() {
        return Err(wait);
    }
    recent.push(now);
    Ok(recent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    /// Requests an email at each moment. Returns whether each was allowed.
    fn request(moments: impl IntoIterator<Item = i64>) -> Vec<bool> {
        let mut limit = AddressRateLimit::default();
        let mut take = |moment| match limit.count_email(at(moment), &Limits::default()) {
            Ok((next, _)) => {
                limit = next;
                true
            }
            Err(_) => false,
        };
        moments.into_iter().map(&mut take).collect()
    }

    #[test]
    fn three_at_once_then_one_a_minute() {
        assert_eq!(
            request([0, 0, 0, 0, 59, 60, 60, 119, 120]),
            [true, true, true, false, false, true, false, false, true]
        );
    }

    #[test]
    fn three_at_once_are_allowed_across_the_end_of_a_second() {
        assert_eq!(request([1, 0, 0, 0, 1]), [true, true, true, false, false]);
    }

    #[test]
    fn a_reported_wait_includes_the_skew_of_a_second() {
        let limit = AddressRateLimit { sent: vec![at(1), at(0), at(1)], ..AddressRateLimit::default() };
        let wait = limit.count_email(at(0), &Limits::default()).unwrap_err();
        assert_eq!(wait, Duration::from_secs(61));
        assert!(limit.count_email(at(0).plus(wait), &Limits::default()).is_ok());
    }

    #[test]
    fn a_pause_restores_the_burst() {
        assert_eq!(request([0, 0, 0, 180, 180, 180, 180]), [true, true, true, true, true, true, false]);
    }

    #[test]
    fn twenty_emails_a_day_at_most() {
        let hourly = request((0..22).map(|n| n * 3600));
        assert_eq!(hourly.iter().filter(|sent| **sent).count(), 20);
        assert_eq!(request((0..21).map(|n| n * 3600).chain([86_400]))[20..], [false, true]);
    }

    #[test]
    fn an_email_is_allowed_after_exactly_the_reported_wait() {
        let limit = AddressRateLimit { sent: vec![at(0), at(0), at(0)], ..AddressRateLimit::default() };
        let wait = limit.count_email(at(10), &Limits::default()).unwrap_err();
        assert_eq!(wait, Duration::from_secs(50));
        assert!(limit.count_email(at(10).plus(wait), &Limits::default()).is_ok());
    }

    #[test]
    fn ten_wrong_guesses_make_the_next_codes_long_for_a_day() {
        let digits = |guesses: usize, now| {
            let limit = AddressRateLimit { wrong_guesses: vec![at(0); guesses], ..AddressRateLimit::default() };
            limit.count_email(at(now), &Limits::default()).unwrap().1
        };
        assert_eq!(digits(9, 1), Digits::SHORTEST);
        assert_eq!(digits(10, 1), Digits::LONGEST);
        assert_eq!(digits(10, 86_399), Digits::LONGEST);
        assert_eq!(digits(10, 86_400), Digits::SHORTEST);
    }

    proptest! {
        #[test]
        fn no_day_and_no_minute_exceeds_its_limit(mut moments in prop::collection::vec(0i64..200_000, 0..300)) {
            moments.sort_unstable();
            let sent: Vec<_> = request(moments.clone()).into_iter().zip(moments).filter_map(|(sent, moment)| sent.then_some(moment)).collect();
            for (first, start) in sent.iter().enumerate() {
                let within = |length| sent[first..].iter().take_while(|moment| **moment < start + length).count();
                prop_assert!(within(86_400) <= 20);
                prop_assert!(within(60) <= 3);
            }
        }

        #[test]
        fn a_reported_wait_is_exact_to_the_second(mut sent in prop::collection::vec(0i64..86_400, 0..25), now in 86_400i64..90_000) {
            sent.sort_unstable();
            let limit = AddressRateLimit { sent: sent.into_iter().map(at).collect(), ..AddressRateLimit::default() };
            if let Err(wait) = limit.count_email(at(now), &Limits::default()) {
                prop_assert!(limit.count_email(at(now).plus(wait), &Limits::default()).is_ok());
                prop_assert!(limit.count_email(at(now).plus(wait).minus(Duration::from_secs(1)), &Limits::default()).is_err());
            }
        }
    }
}
