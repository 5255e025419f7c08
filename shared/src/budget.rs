//! How much mail an address gets, and how long its codes are: pure rules over two lists of moments (contract, Codes).
//!
//! What was sent and what was guessed wrong in the last 24 hours is kept as it happened; every limit is worked out from that.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, code::Digits, config::Limits};

/// How long a mail or a wrong guess counts.
pub(crate) const WINDOW: Duration = Duration::from_hours(24);

/// What an address has been through lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddressBudget {
    /// When mails were asked for, oldest first.
    pub(crate) sent: Vec<Timestamp>,
    /// When codes were guessed wrong, oldest first.
    pub(crate) wrong_guesses: Vec<Timestamp>,
    /// Counts the writes, so that a write notices another in between.
    pub(crate) version: u64,
}

impl AddressBudget {
    /// The budget after one more mail, and how many digits the code in it has.
    ///
    /// # Errors
    /// How long to wait if there is to be no mail now.
    pub(crate) fn spend(&self, now: Timestamp, limits: &Limits) -> Result<(Self, Digits), Duration> {
        let recent = |moments: &[Timestamp]| -> Vec<Timestamp> {
            moments.iter().copied().filter(|moment| *moment > now.minus(WINDOW)).collect()
        };
        let mut sent = recent(&self.sent);
        let wrong_guesses = recent(&self.wrong_guesses);
        let wait = burst_wait(&sent, now, limits).max(daily_wait(&sent, now, limits));
        if !wait.is_zero() {
            return Err(wait);
        }
        sent.push(now);
        let under_attack = wrong_guesses.len() >= limits.guesses_before_long_codes;
        let digits = if under_attack { Digits::LONG } else { Digits::SHORT };
        Ok((Self { sent, wrong_guesses, version: self.version.saturating_add(1) }, digits))
    }
}

/// "Some at once, then one an interval": the generic cell rate algorithm (ITU-T I.371), replayed over what was sent.
fn burst_wait(sent: &[Timestamp], now: Timestamp, limits: &Limits) -> Duration {
    let interval = limits.mail_interval;
    let tolerance = interval.saturating_mul(limits.mail_burst.saturating_sub(1));
    let wait = |latest: Timestamp| {
        let begin = now.minus(WINDOW);
        let due = sent.iter().fold(begin, |due, moment| due.max((*moment).min(latest)).plus(interval));
        due.since(now).saturating_sub(tolerance)
    };
    // Who came in a second before somebody that was counted first is not to wait for that second; who is to wait is told all of it.
    if wait(now).is_zero() { Duration::ZERO } else { wait(sent.iter().copied().fold(now, Ord::max)) }
}

/// Until the oldest of as many as a day allows is a day old.
fn daily_wait(sent: &[Timestamp], now: Timestamp, limits: &Limits) -> Duration {
    let over = sent.len().checked_sub(limits.mails_per_day);
    over.and_then(|first| sent.get(first)).map_or(Duration::ZERO, |moment| moment.plus(WINDOW).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    /// Asks at each moment; true where there was mail.
    fn ask(moments: impl IntoIterator<Item = i64>) -> Vec<bool> {
        let mut budget = AddressBudget::default();
        let mut take = |moment| match budget.spend(at(moment), &Limits::default()) {
            Ok((next, _)) => {
                budget = next;
                true
            }
            Err(_) => false,
        };
        moments.into_iter().map(&mut take).collect()
    }

    #[test]
    fn three_at_once_then_one_a_minute() {
        assert_eq!(ask([0, 0, 0, 0, 59, 60, 60, 119, 120]), [true, true, true, false, false, true, false, false, true]);
    }

    #[test]
    fn three_at_once_are_three_even_if_a_second_ends_among_them() {
        assert_eq!(ask([1, 0, 0, 0, 1]), [true, true, true, false, false]);
    }

    #[test]
    fn who_is_told_to_wait_is_told_enough_even_if_a_second_ends_before_he_is_counted() {
        let budget = AddressBudget { sent: vec![at(1), at(0), at(1)], ..AddressBudget::default() };
        let wait = budget.spend(at(0), &Limits::default()).unwrap_err();
        assert_eq!(wait, Duration::from_secs(61));
        assert!(budget.spend(at(0).plus(wait), &Limits::default()).is_ok());
    }

    #[test]
    fn a_pause_earns_the_burst_back() {
        assert_eq!(ask([0, 0, 0, 180, 180, 180, 180]), [true, true, true, true, true, true, false]);
    }

    #[test]
    fn twenty_a_day_however_patient() {
        let hourly = ask((0..22).map(|n| n * 3600));
        assert_eq!(hourly.iter().filter(|sent| **sent).count(), 20);
        assert_eq!(ask((0..21).map(|n| n * 3600).chain([86_400]))[20..], [false, true]);
    }

    #[test]
    fn who_is_told_to_wait_gets_his_mail_after_just_that() {
        let budget = AddressBudget { sent: vec![at(0), at(0), at(0)], ..AddressBudget::default() };
        let wait = budget.spend(at(10), &Limits::default()).unwrap_err();
        assert_eq!(wait, Duration::from_secs(50));
        assert!(budget.spend(at(10).plus(wait), &Limits::default()).is_ok());
    }

    #[test]
    fn ten_wrong_guesses_make_the_next_codes_long_for_a_day() {
        let digits = |guesses: usize, now| {
            let budget = AddressBudget { wrong_guesses: vec![at(0); guesses], ..AddressBudget::default() };
            budget.spend(at(now), &Limits::default()).unwrap().1
        };
        assert_eq!(digits(9, 1), Digits::SHORT);
        assert_eq!(digits(10, 1), Digits::LONG);
        assert_eq!(digits(10, 86_399), Digits::LONG);
        assert_eq!(digits(10, 86_400), Digits::SHORT);
    }

    proptest! {
        #[test]
        fn no_day_sees_more_than_its_mails_and_no_minute_more_than_the_burst(mut moments in prop::collection::vec(0i64..200_000, 0..300)) {
            moments.sort_unstable();
            let sent: Vec<_> = ask(moments.clone()).into_iter().zip(moments).filter_map(|(sent, moment)| sent.then_some(moment)).collect();
            for (first, start) in sent.iter().enumerate() {
                let within = |length| sent[first..].iter().take_while(|moment| **moment < start + length).count();
                prop_assert!(within(86_400) <= 20);
                prop_assert!(within(60) <= 3);
            }
        }

        #[test]
        fn the_wait_that_is_told_is_enough_and_not_a_second_too_long(mut sent in prop::collection::vec(0i64..86_400, 0..25), now in 86_400i64..90_000) {
            sent.sort_unstable();
            let budget = AddressBudget { sent: sent.into_iter().map(at).collect(), ..AddressBudget::default() };
            if let Err(wait) = budget.spend(at(now), &Limits::default()) {
                prop_assert!(budget.spend(at(now).plus(wait), &Limits::default()).is_ok());
                prop_assert!(budget.spend(at(now).plus(wait).minus(Duration::from_secs(1)), &Limits::default()).is_err());
            }
        }
    }
}
