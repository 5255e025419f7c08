//! What a deployment can set. The one reader of the environment: each process reads it once, at its start.

mod brand;

use std::{str::FromStr, time::Duration};

use tracing::Level;

pub use self::brand::{Color, Link};
use crate::{EmailAddress, code::CodeKeys};

/// Everything a function is configured with; every variable is a parameter of `template.yaml` or set by Lambda itself.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`
    pub table: String,
    /// The numbers of the contract.
    pub limits: Limits,
    /// How to reach AWS.
    pub aws: Aws,
    /// What goes into the log.
    pub log: Log,
    code_keys: Option<CodeKeys>,
    sender: Option<Sender>,
}

/// Lifetimes, caps and budgets, by default as the contract has them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `CODE_LIFETIME_SECONDS`: how long a code can be used.
    pub code_lifetime: Duration,
    /// `GUESSES_PER_CODE`: how many guesses at one code are looked at.
    pub guesses_per_code: u32,
    /// `GUESSES_BEFORE_LONG_CODES`: how many wrong guesses in 24 hours make an address's next codes twelve digits long.
    pub guesses_before_long_codes: usize,
    /// `SESSION_LIFETIME_SECONDS`: how long a session lives, from its beginning or its last extension.
    pub session_lifetime: Duration,
    /// `SESSION_MAXIMUM_SECONDS`: how long a session can live in all.
    pub session_maximum: Duration,
    /// `MAIL_BURST`: mails to one address at once.
    pub mail_burst: u32,
    /// `MAIL_INTERVAL_SECONDS`: from one mail to the next, after those.
    pub mail_interval: Duration,
    /// `MAILS_PER_DAY`: mails to one address in 24 hours.
    pub mails_per_day: usize,
    /// `MAILS_PER_SOURCE_IP_PER_HOUR`: mails that one source can ask for in an hour; `None` (0) for any number.
    pub mails_per_source_ip_per_hour: Option<u32>,
    /// `EMAILS_PER_USER`: addresses of one user.
    pub emails_per_user: usize,
    /// `SESSIONS_PER_USER`: open sessions of one user.
    pub sessions_per_user: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code_lifetime: Duration::from_mins(10),
            guesses_per_code: 5,
            guesses_before_long_codes: 10,
            session_lifetime: Duration::from_hours(24),
            session_maximum: Duration::from_hours(30 * 24),
            mail_burst: 3,
            mail_interval: Duration::from_mins(1),
            mails_per_day: 20,
            mails_per_source_ip_per_hour: Some(60),
            emails_per_user: 10,
            sessions_per_user: 50,
        }
    }
}

/// Region, credentials and endpoints, as Lambda sets them for every function and the SDKs name them.
#[derive(Clone)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL` for all services; AWS's own if neither is set.
    pub dynamodb_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`, likewise.
    pub sesv2_url: Option<String>,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).finish_non_exhaustive()
    }
}

/// What Lambda's logging controls say. What can't be read is as if it weren't set: no function fails for its log.
#[derive(Clone, Debug)]
pub struct Log {
    /// `AWS_LAMBDA_LOG_LEVEL`; `INFO` if it isn't set, and never `TRACE`, at which the runtime prints whole events.
    pub level: Level,
    /// `AWS_LAMBDA_LOG_FORMAT`: whether it is `JSON`.
    pub is_json: bool,
    /// `SERVICE_NAME`: what metrics are told apart by, which are counted in JSON alone; none are without it.
    pub service: Option<String>,
}

/// Whose mails they are.
#[derive(Clone, Debug)]
pub struct Sender {
    /// `SENDER_ADDRESS`
    pub address: EmailAddress,
    /// `REPLY_TO_ADDRESS`; none if empty.
    pub reply_to: Option<EmailAddress>,
    /// `PRODUCT_NAME`
    pub product: String,
    /// `PRODUCT_LINK`; none if empty.
    pub link: Option<Link>,
    /// `PRODUCT_COLOR`; none if empty.
    pub color: Option<Color>,
    /// `CONFIGURATION_SET` of SES; none if empty.
    pub configuration_set: Option<String>,
}

/// A variable that the process can't start without, or can't start with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It isn't set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It can't be used.
    #[error("the environment variable {name} {reason}")]
    Invalid {
        /// Which one.
        name: &'static str,
        /// What it must be; never what it is, which may be a secret.
        reason: String,
    },
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or unusable.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// Reads variables from wherever they are.
    ///
    /// # Errors
    /// Names the first variable that is missing or unusable.
    pub fn from_variables(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(get);
        Ok(Self {
            table: variables.required("TABLE_NAME")?,
            limits: Limits::read(&variables)?,
            aws: Aws::read(&variables)?,
            log: Log::read(&variables),
            code_keys: read_code_keys(&variables)?,
            sender: Sender::read(&variables)?,
        })
    }

    /// `CODE_KEY` and `PREVIOUS_CODE_KEY`, which only the functions that derive codes are given.
    ///
    /// # Errors
    /// If `CODE_KEY` isn't set.
    pub fn code_keys(&self) -> Result<&CodeKeys, ConfigError> {
        self.code_keys.as_ref().ok_or(ConfigError::Missing("CODE_KEY"))
    }

    /// What only the function that sends mail is given.
    ///
    /// # Errors
    /// If `SENDER_ADDRESS` isn't set.
    pub fn sender(&self) -> Result<&Sender, ConfigError> {
        self.sender.as_ref().ok_or(ConfigError::Missing("SENDER_ADDRESS"))
    }
}

/// An empty variable counts as none: CloudFormation can't leave one out.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.optional(name).ok_or(ConfigError::Missing(name))
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        let parse = |text: String| {
            text.parse().map_err(|error: T::Err| ConfigError::Invalid { name, reason: error.to_string() })
        };
        self.optional(name).map(parse).transpose()
    }

    /// A whole number of at least `least`, or `usual` where none is set.
    fn number<T>(&self, name: &'static str, least: u32, usual: T) -> Result<T, ConfigError>
    where
        T: TryFrom<u32>,
    {
        let Some(text) = self.optional(name) else { return Ok(usual) };
        let number =
            text.parse::<u32>().ok().filter(|number| *number >= least).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| ConfigError::Invalid {
            name,
            reason: format!("must be a whole number from {least} to {}", u32::MAX),
        })
    }

    fn seconds(&self, name: &'static str, least: u32, usual: Duration) -> Result<Duration, ConfigError> {
        self.number(name, least, usual.as_secs()).map(Duration::from_secs)
    }
}

impl Limits {
    fn read(variables: &Variables<'_>) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let per_source_ip =
            variables.number("MAILS_PER_SOURCE_IP_PER_HOUR", 0, usual.mails_per_source_ip_per_hour.unwrap_or(0))?;
        Ok(Self {
            code_lifetime: variables.seconds("CODE_LIFETIME_SECONDS", 60, usual.code_lifetime)?,
            guesses_per_code: variables.number("GUESSES_PER_CODE", 1, usual.guesses_per_code)?,
            guesses_before_long_codes: variables.number(
                "GUESSES_BEFORE_LONG_CODES",
                0,
                usual.guesses_before_long_codes,
            )?,
            session_lifetime: variables.seconds("SESSION_LIFETIME_SECONDS", 60, usual.session_lifetime)?,
            session_maximum: variables.seconds("SESSION_MAXIMUM_SECONDS", 60, usual.session_maximum)?,
            mail_burst: variables.number("MAIL_BURST", 1, usual.mail_burst)?,
            mail_interval: variables.seconds("MAIL_INTERVAL_SECONDS", 0, usual.mail_interval)?,
            mails_per_day: variables.number("MAILS_PER_DAY", 1, usual.mails_per_day)?,
            mails_per_source_ip_per_hour: (per_source_ip > 0).then_some(per_source_ip),
            emails_per_user: variables.number("EMAILS_PER_USER", 1, usual.emails_per_user)?,
            sessions_per_user: variables.number("SESSIONS_PER_USER", 1, usual.sessions_per_user)?,
        })
    }
}

impl Aws {
    fn read(variables: &Variables<'_>) -> Result<Self, ConfigError> {
        let url = |service| variables.optional(service).or_else(|| variables.optional("AWS_ENDPOINT_URL"));
        Ok(Self {
            region: variables.required("AWS_REGION")?,
            access_key_id: variables.required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: variables.required("AWS_SECRET_ACCESS_KEY")?,
            session_token: variables.optional("AWS_SESSION_TOKEN"),
            dynamodb_url: url("AWS_ENDPOINT_URL_DYNAMODB"),
            sesv2_url: url("AWS_ENDPOINT_URL_SESV2"),
        })
    }
}

impl Log {
    fn read(variables: &Variables<'_>) -> Self {
        let level = match variables.optional("AWS_LAMBDA_LOG_LEVEL").as_deref() {
            Some("TRACE" | "DEBUG") => Level::DEBUG,
            Some("WARN") => Level::WARN,
            Some("ERROR" | "FATAL") => Level::ERROR,
            _ => Level::INFO,
        };
        let is_json = variables.optional("AWS_LAMBDA_LOG_FORMAT").as_deref() == Some("JSON");
        Self { level, is_json, service: variables.optional("SERVICE_NAME") }
    }
}

impl Sender {
    fn read(variables: &Variables<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(address) = variables.parse("SENDER_ADDRESS")? else { return Ok(None) };
        Ok(Some(Self {
            address,
            reply_to: variables.parse("REPLY_TO_ADDRESS")?,
            product: variables.required("PRODUCT_NAME")?,
            link: variables.parse("PRODUCT_LINK")?,
            color: variables.parse("PRODUCT_COLOR")?,
            configuration_set: variables.optional("CONFIGURATION_SET"),
        }))
    }
}

fn read_code_keys(variables: &Variables<'_>) -> Result<Option<CodeKeys>, ConfigError> {
    let Some(current) = variables.optional("CODE_KEY") else { return Ok(None) };
    let previous = variables.optional("PREVIOUS_CODE_KEY");
    let keys = CodeKeys::new(&current, previous.as_deref());
    let short = || ConfigError::Invalid {
        name: "CODE_KEY",
        reason: "(and PREVIOUS_CODE_KEY, if set) must be at least 32 bytes long".to_owned(),
    };
    keys.map(Some).ok_or_else(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(overrides: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let usual = [
            ("TABLE_NAME", "latchkey"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ];
        let get = |name: &str| {
            let set = overrides.iter().chain(&usual).find(|(key, _)| *key == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        Config::from_variables(&get)
    }

    #[test]
    fn without_any_settings_the_contract_s_numbers_hold() {
        let limits = read(&[]).unwrap().limits;
        assert_eq!(limits.code_lifetime, Duration::from_mins(10));
        assert_eq!(limits.session_maximum, Duration::from_hours(30 * 24));
        assert_eq!(limits.mails_per_source_ip_per_hour, Some(60));
    }

    #[test]
    fn a_bad_variable_is_refused_by_name_and_never_echoed() {
        let cases = [
            ("TABLE_NAME", ""),
            ("CODE_LIFETIME_SECONDS", "ten minutes"),
            ("GUESSES_PER_CODE", "0"),
            ("SESSIONS_PER_USER", "-1"),
            ("MAIL_BURST", "99999999999"),
            ("CODE_KEY", "too-short-a-key"),
            ("SENDER_ADDRESS", "nobody"),
        ];
        for (name, value) in cases {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
            assert!(value.is_empty() || value == "0" || !message.contains(value), "{message}");
        }
    }

    #[test]
    fn what_would_spoil_a_mail_is_refused_at_the_start() {
        let sender = [("SENDER_ADDRESS", "no-reply@latchkey.example"), ("PRODUCT_NAME", "Latchkey")];
        for bad in [("PRODUCT_LINK", "javascript:alert(1)"), ("PRODUCT_COLOR", "red")] {
            let message = read(&[sender[0], sender[1], bad]).unwrap_err().to_string();
            assert!(message.contains(bad.0) && message.contains("such as"), "{message}");
        }
    }

    #[test]
    fn zero_lifts_the_budget_of_a_source() {
        assert_eq!(read(&[("MAILS_PER_SOURCE_IP_PER_HOUR", "0")]).unwrap().limits.mails_per_source_ip_per_hour, None);
    }

    #[test]
    fn whole_events_are_never_logged() {
        assert_eq!(read(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).unwrap().log.level, Level::DEBUG);
        assert_eq!(read(&[("AWS_LAMBDA_LOG_LEVEL", "LOUD")]).unwrap().log.level, Level::INFO);
    }

    #[test]
    fn a_function_that_derives_codes_will_not_start_without_the_key() {
        assert!(read(&[]).unwrap().code_keys().unwrap_err().to_string().contains("CODE_KEY"));
    }
}
