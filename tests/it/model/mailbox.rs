//! What an address and a source have been through: mails and wrong guesses (contract, Codes).
//!
//! The product replays what was sent; this is the other way to say it, a bucket that leaks one mail an interval.

use super::{answers::Refusal, world::Rules};

const DAY: i64 = 24 * 3600;
const HOUR: i64 = 3600;

#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    /// When the bucket will be empty.
    empty_at: i64,
    sent: Vec<i64>,
    wrong_guesses: Vec<i64>,
}

impl Mailbox {
    /// How long to wait before the next mail.
    pub(super) fn wait(&self, now: i64, rules: &Rules) -> i64 {
        let room = (rules.mail_burst - 1) * rules.mail_interval;
        let burst = (self.empty_at - now).max(0) - room;
        let today: Vec<_> = self.sent.iter().filter(|moment| **moment + DAY > now).collect();
        let over = today.len().checked_sub(rules.mails_per_day);
        let day = over.map_or(0, |first| today[first] + DAY - now);
        burst.max(day).max(0)
    }

    /// Refused if there is to be no mail now.
    pub(super) fn afford(&self, now: i64, rules: &Rules) -> Result<(), Refusal> {
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

    /// How long the codes are that are asked for now.
    pub(super) fn digits(&self, now: i64, rules: &Rules) -> usize {
        let guesses = self.wrong_guesses.iter().filter(|moment| **moment + DAY > now).count();
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
    /// Counts a request for a mail, whatever comes of it.
    pub(super) fn ask(&mut self, now: i64, rules: &Rules) -> Result<(), Refusal> {
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
