//! The numbers of a deployment, with the contract's defaults (contract, Life of an account).

use std::time::Duration;

use crate::domain::code::Digits;

/// Lifetimes, quotas and rate limits. Each names its environment variable.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `CODE_LIFETIME_SECONDS`: how long a code can be used.
    pub code_lifetime: Duration,
    /// `GUESSES_PER_CODE`: how many guesses at one code are compared with it.
    pub guesses_per_code: u32,
    /// `GUESSES_BEFORE_LONG_CODES`: how many wrong guesses in 24 hours make the next codes of an
    /// address twelve digits long.
    pub guesses_before_long_codes: usize,
    /// `CODE_DIGITS`: the usual length of codes.
    pub code_digits: Digits,
    /// `SESSION_LIFETIME_SECONDS`: how long a session lives after sign-in, and after each
    /// extension.
    pub session_lifetime: Duration,
    /// `SESSION_MAXIMUM_SECONDS`: how long after sign-in a session can be extended to.
    pub session_maximum: Duration,
    /// `FRESH_SESSION_SECONDS`: how long a session is fresh after a code was verified in it; `None`
    /// (0) turns step-up off.
    pub fresh_session: Option<Duration>,
    /// `RECOVERY_SECONDS`: how long the owner of a removed address can take the account back;
    /// `None` (0) turns recovery off.
    pub recovery: Option<Duration>,
    /// `MAIL_BURST`: how many emails an address can get at once.
    pub mail_burst: u32,
    /// `MAIL_INTERVAL_SECONDS`: the time between further emails to an address.
    pub mail_interval: Duration,
    /// `MAILS_PER_DAY`: how many emails an address can get in 24 hours.
    pub mails_per_day: usize,
    /// `MAILS_PER_SOURCE_IP_PER_HOUR`: how many emails one source IP can request in an hour; `None`
    /// (0) lifts the limit.
    pub mails_per_source_ip_per_hour: Option<u32>,
    /// `EMAILS_PER_USER`: how many addresses a user can have.
    pub emails_per_user: usize,
    /// `SESSIONS_PER_USER`: how many active sessions a user can have.
    pub sessions_per_user: usize,
    /// `KEY_PAIRS_PER_USER`: how many key pairs a user can have, verified or not.
    pub key_pairs_per_user: usize,
    /// `ACCOUNT_CHANGES_PER_DAY`: how many changes that send security notices a user can make in 24
    /// hours.
    pub account_changes_per_day: usize,
    /// `COMPLAINT_SUPPRESSION_DAYS`: how long an address gets no email after its owner reported one
    /// as spam.
    pub complaint_suppression: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code_lifetime: Duration::from_mins(10),
            guesses_per_code: 5,
            guesses_before_long_codes: 10,
            code_digits: Digits::SHORTEST,
            session_lifetime: Duration::from_hours(24),
            session_maximum: Duration::from_hours(30 * 24),
            fresh_session: Some(Duration::from_hours(1)),
            recovery: Some(Duration::from_hours(72)),
            mail_burst: 3,
            mail_interval: Duration::from_mins(1),
            mails_per_day: 20,
            mails_per_source_ip_per_hour: Some(60),
            emails_per_user: 10,
            sessions_per_user: 50,
            key_pairs_per_user: 10,
            account_changes_per_day: 20,
            complaint_suppression: Duration::from_hours(30 * 24),
        }
    }
}
