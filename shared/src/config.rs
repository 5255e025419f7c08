//! The settings of a deployment. The only reader of the environment: each process reads it once, at
//! its start.

mod brand;
mod sign_up;
mod trusted_proxy;

use std::{str::FromStr, time::Duration};

use tracing::Level;

pub use self::{
    brand::{Color, Link},
    sign_up::SignUp,
    trusted_proxy::TrustedProxy,
};
use crate::domain::{code::CodeKeys, email_address::EmailAddress, limits::Limits};

/// The settings of a function. Every variable is a parameter of `template.yaml` or set by Lambda.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`
    pub table: String,
    /// The limits of the contract.
    pub limits: Limits,
    /// `RESERVED_ALIASES`: names that no user can have, besides those that are always reserved;
    /// separated by commas.
    pub reserved_aliases: String,
    /// `SIGN_UP`: `open`, `closed`, or a comma-separated list of domains.
    pub sign_up: SignUp,
    /// Region, credentials and endpoints of AWS.
    pub aws: Aws,
    /// The logging controls.
    pub log: Log,
    /// The proxy in front of the API; none if `TRUSTED_PROXY_SECRET` is empty.
    pub trusted_proxy: Option<TrustedProxy>,
    code_keys: Option<CodeKeys>,
    sender: Option<Sender>,
}

/// Region, credentials and endpoints, as Lambda sets them and the SDKs name them.
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
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL` for all services; AWS's own endpoint if
    /// neither is set.
    pub dynamodb_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`, or `AWS_ENDPOINT_URL`.
    pub sesv2_url: Option<String>,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Lambda's logging controls. An invalid value counts as not set: no function fails for its log.
#[derive(Clone, Debug)]
pub struct Log {
    /// `AWS_LAMBDA_LOG_LEVEL`; `INFO` by default, and never `TRACE`, at which the runtime prints
    /// whole events.
    pub level: Level,
    /// `AWS_LAMBDA_LOG_FORMAT`: whether it is `JSON`.
    pub is_json: bool,
    /// `SERVICE_NAME`: the dimension of metrics. Without it, or without JSON, there are none.
    pub service: Option<String>,
}

/// The sender of emails.
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

/// An environment variable with which the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The variable is required and not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The value is invalid.
    #[error("the environment variable {name} {reason}")]
    Invalid {
        /// The name of the variable.
        name: &'static str,
        /// The requirement that the value does not meet; never the value, which can be a secret.
        reason: String,
    },
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// The first variable that is missing or invalid.
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// Reads variables by a function that returns their values.
    ///
    /// # Errors
    /// The first variable that is missing or invalid.
    pub fn from_variables(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(get);
        Ok(Self {
            table: variables.required("TABLE_NAME")?,
            limits: variables.limits()?,
            reserved_aliases: variables.optional("RESERVED_ALIASES").unwrap_or_default(),
            sign_up: variables.parse("SIGN_UP")?.unwrap_or_default(),
            aws: Aws::read(&variables)?,
            log: Log::read(&variables),
            trusted_proxy: TrustedProxy::read(&variables)?,
            code_keys: read_code_keys(&variables)?,
            sender: Sender::read(&variables)?,
        })
    }

    /// Returns `CODE_KEY` and `PREVIOUS_CODE_KEY`, which only the functions that derive codes have.
    ///
    /// # Errors
    /// If `CODE_KEY` is not set.
    pub fn code_keys(&self) -> Result<&CodeKeys, ConfigError> {
        self.code_keys.as_ref().ok_or(ConfigError::Missing("CODE_KEY"))
    }

    /// Returns the sender of emails, which only `send-mail` and `send-notices` have.
    ///
    /// # Errors
    /// If `SENDER_ADDRESS` is not set.
    pub fn sender(&self) -> Result<&Sender, ConfigError> {
        self.sender.as_ref().ok_or(ConfigError::Missing("SENDER_ADDRESS"))
    }
}

/// Reads variables. An empty one counts as not set, because CloudFormation cannot leave one out.
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

    /// Returns a whole number of at least `min`, or `default` if the variable is not set.
    fn number<T>(&self, name: &'static str, min: u32, default: T) -> Result<T, ConfigError>
    where
        T: TryFrom<u32>,
    {
        let Some(text) = self.optional(name) else { return Ok(default) };
        let number =
            text.parse::<u32>().ok().filter(|number| *number >= min).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| ConfigError::Invalid {
            name,
            reason: format!("must be a whole number from {min} to {}", u32::MAX),
        })
    }

    fn seconds(&self, name: &'static str, min: u32, default: Duration) -> Result<Duration, ConfigError> {
        self.number(name, min, default.as_secs()).map(Duration::from_secs)
    }

    /// Returns a duration, or `None` if the variable is 0.
    fn seconds_or_off(&self, name: &'static str, default: Option<Duration>) -> Result<Option<Duration>, ConfigError> {
        let duration = self.seconds(name, 0, default.unwrap_or_default())?;
        Ok((!duration.is_zero()).then_some(duration))
    }
}

impl Variables<'_> {
    fn limits(&self) -> Result<Limits, ConfigError> {
        let default = Limits::default();
        let per_source_ip =
            self.number("MAILS_PER_SOURCE_IP_PER_HOUR", 0, default.mails_per_source_ip_per_hour.unwrap_or(0))?;
        Ok(Limits {
            code_lifetime: self.seconds("CODE_LIFETIME_SECONDS", 60, default.code_lifetime)?,
            guesses_per_code: self.number("GUESSES_PER_CODE", 1, default.guesses_per_code)?,
            guesses_before_long_codes: self.number(
                "GUESSES_BEFORE_LONG_CODES",
                0,
                default.guesses_before_long_codes,
            )?,
            code_digits: self.parse("CODE_DIGITS")?.unwrap_or(default.code_digits),
            session_lifetime: self.seconds("SESSION_LIFETIME_SECONDS", 60, default.session_lifetime)?,
            session_maximum: self.seconds("SESSION_MAXIMUM_SECONDS", 60, default.session_maximum)?,
            fresh_session: self.seconds_or_off("FRESH_SESSION_SECONDS", default.fresh_session)?,
            recovery: self.seconds_or_off("RECOVERY_SECONDS", default.recovery)?,
            mail_burst: self.number("MAIL_BURST", 1, default.mail_burst)?,
            mail_interval: self.seconds("MAIL_INTERVAL_SECONDS", 0, default.mail_interval)?,
            mails_per_day: self.number("MAILS_PER_DAY", 1, default.mails_per_day)?,
            mails_per_source_ip_per_hour: (per_source_ip > 0).then_some(per_source_ip),
            emails_per_user: self.number("EMAILS_PER_USER", 1, default.emails_per_user)?,
            sessions_per_user: self.number("SESSIONS_PER_USER", 1, default.sessions_per_user)?,
            key_pairs_per_user: self.number("KEY_PAIRS_PER_USER", 1, default.key_pairs_per_user)?,
            account_changes_per_day: self.number("ACCOUNT_CHANGES_PER_DAY", 1, default.account_changes_per_day)?,
            complaint_suppression: self
                .number("COMPLAINT_SUPPRESSION_DAYS", 1, None)?
                .map_or(default.complaint_suppression, |days: u32| Duration::from_hours(u64::from(days) * 24)),
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
    fn the_defaults_are_those_of_the_contract() {
        let limits = read(&[]).unwrap().limits;
        assert_eq!(limits.code_lifetime, Duration::from_mins(10));
        assert_eq!(limits.session_maximum, Duration::from_hours(30 * 24));
        assert_eq!(limits.mails_per_source_ip_per_hour, Some(60));
    }

    #[test]
    fn an_invalid_variable_is_named_and_its_value_is_not_shown() {
        let cases = [
            ("TABLE_NAME", ""),
            ("CODE_LIFETIME_SECONDS", "ten minutes"),
            ("GUESSES_PER_CODE", "0"),
            ("SESSIONS_PER_USER", "-1"),
            ("MAIL_BURST", "99999999999"),
            ("CODE_KEY", "too-short-a-key"),
            ("CODE_DIGITS", "13"),
            ("SIGN_UP", "closed,doe.net"),
            ("TRUSTED_PROXY_SECRET", "too-short-a-secret"),
            ("SENDER_ADDRESS", "no-address"),
        ];
        for (name, value) in cases {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
            assert!(value.is_empty() || value == "0" || !message.contains(value), "{message}");
        }
    }

    #[test]
    fn invalid_branding_is_rejected_at_the_start() {
        let sender = [("SENDER_ADDRESS", "no-reply@latchkey.example"), ("PRODUCT_NAME", "Latchkey")];
        for bad in [("PRODUCT_LINK", "javascript:alert(1)"), ("PRODUCT_COLOR", "red")] {
            let message = read(&[sender[0], sender[1], bad]).unwrap_err().to_string();
            assert!(message.contains(bad.0) && message.contains("such as"), "{message}");
        }
    }

    #[test]
    fn zero_lifts_the_rate_limit_of_a_source() {
        assert_eq!(read(&[("MAILS_PER_SOURCE_IP_PER_HOUR", "0")]).unwrap().limits.mails_per_source_ip_per_hour, None);
    }

    #[test]
    fn debug_shows_no_secret_of_the_proxy() {
        let secret = "a secret of the proxy, long enough";
        let shown = format!("{:?}", read(&[("TRUSTED_PROXY_SECRET", secret)]).unwrap());
        assert!(shown.contains("TrustedProxy") && !shown.contains(secret), "{shown}");
    }

    #[test]
    fn whole_events_are_never_logged() {
        assert_eq!(read(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).unwrap().log.level, Level::DEBUG);
        assert_eq!(read(&[("AWS_LAMBDA_LOG_LEVEL", "LOUD")]).unwrap().log.level, Level::INFO);
    }

    #[test]
    fn code_keys_are_required_where_codes_are_derived() {
        assert!(read(&[]).unwrap().code_keys().unwrap_err().to_string().contains("CODE_KEY"));
    }
}
