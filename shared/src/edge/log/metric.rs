//! The metrics beside requests and refusals (docs/operations.md, "Metrics").

/// A metric that a log line counts in, by its field `metric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Codes that were requested, whatever the reply.
    CodesRequested,
    /// Codes that SES accepted.
    CodesMailed,
    /// Codes that were verified.
    CodesVerified,
    /// Other emails that SES accepted.
    NoticesMailed,
    /// Attempts to send an email that failed and are retried.
    MailsDelayed,
    /// Emails that expired before they could be sent.
    MailsDropped,
    /// Emails that can never be sent.
    MailsUndeliverable,
    /// Emails that were not sent because their address is suppressed.
    MailsSuppressed,
    /// Emails that bounced permanently.
    MailsBounced,
    /// Emails that were reported as spam.
    MailsComplained,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 10] = [
        Self::CodesRequested,
        Self::CodesMailed,
        Self::CodesVerified,
        Self::NoticesMailed,
        Self::MailsDelayed,
        Self::MailsDropped,
        Self::MailsUndeliverable,
        Self::MailsSuppressed,
        Self::MailsBounced,
        Self::MailsComplained,
    ];

    /// Returns the name in the log, the dashboard and the alarms.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodesRequested => "CodesRequested",
            Self::CodesMailed => "CodesMailed",
            Self::CodesVerified => "CodesVerified",
            Self::NoticesMailed => "NoticesMailed",
            Self::MailsDelayed => "MailsDelayed",
            Self::MailsDropped => "MailsDropped",
            Self::MailsUndeliverable => "MailsUndeliverable",
            Self::MailsSuppressed => "MailsSuppressed",
            Self::MailsBounced => "MailsBounced",
            Self::MailsComplained => "MailsComplained",
        }
    }
}
