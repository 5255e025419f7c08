//! The rate limits of an address and of a source: emails and wrong guesses (contract, Codes).
//!
//! The product replays what was sent. This is another formulation: a bucket that leaks one email
//! per interval.

use super::{answers::Refusal, world::Rules};

const DAY: i64 = 24 * 3600;
const HOUR: i64 = 3600;

#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    /// The time at which the bucket is empty.
    empty_at: i64,
    sent: Vec<i64>,
    wrong_guesses: Vec<i64>,
}

impl Mailbox {
    /// Returns the seconds until the next email is allowed.
    pub(super) fn wait(&self, now: i64, rules: &Rules) -> i64 {
        let room = (rules.mail_burst - 1) * rules.mail_interval;
        let burst = (self.empty_at - now).max(0) - room;
        let today: Vec<_> = self.sent.iter().filter(|time| **time + DAY > now).collect();
        let over = today.len().checked_sub(rules.mails_per_day);
        let day = over.map_or(0, |first| today[first] + DAY - now);
        burst.max(day).max(0)
    }

    /// Refuses the request if no email is allowed now.
    pub(super) fn check_rate_limit(&self, now: i64, rules: &Rules) -> Result<(), Refusal> {
        match self.wait(now, rules) {
            0 => Ok(()),
            wait => Err(Refusal::TooManyRequests(wait)),
        }
    }

    pub(super) fn sent(&mut self, now: i64, rules: &Rules) {
        self.empty_at = self.empty_at.max(now) + rules.mail_interval;
        self.sent.push(now);
    }

    pub(super) fn guessed_wrong(&mut self, now: i64) {
        self.wrong_guesses.push(now);
    }

    /// Returns the length of the codes that are requested now.
    pub(super) fn digits(&self, now: i64, rules: &Rules) -> usize {
        let guesses = self.wrong_guesses.iter().filter(|time| **time + DAY > now).count();
        if guesses >= rules.guesses_before_long_codes { 12 } else { 6 }
    }
}

/// The one source that all requests come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    hour: i64,
    requests: usize,
}

impl Source {
    /// Counts a request for an email, whatever its result.
    pub(super) fn count_request(&mut self, now: i64, rules: &Rules) -> Result<(), Refusal> {
        if !rules.limits_sources() {
            return Ok(());
        }
        let hour = now.div_euclid(HOUR);
        if self.hour != hour {
            *self = Self { hour, requests: 0 };
        }
        if self.requests == rules.mails_per_source_per_hour {
            return Err(Refusal::TooManyRequests((hour + 1) * HOUR - now));
        }
        self.requests += 1;
        Ok(())
    }
}
