//! What is counted besides requests and refusals (docs/operations.md, "Metrics").

/// A metric that a line of the log adds one to, in its field `counts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Codes that were asked for, whatever became of them.
    CodesRequested,
    /// Codes that SES took.
    CodesMailed,
    /// Codes that were proved.
    CodesVerified,
    /// Other mails that SES took.
    NoticesMailed,
    /// Tries at a mail that failed and come again.
    MailsDelayed,
    /// Mails that had expired before they could be sent.
    MailsDropped,
    /// Mails that can't be sent, however often they are tried.
    MailsUndeliverable,
    /// Mails that were not sent, as their address gets none any more.
    MailsSuppressed,
    /// Mails that came back for good.
    MailsBounced,
    /// Mails that were reported as spam.
    MailsComplained,
}

impl Metric {
    /// All there are.
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

    /// As the log, the dashboard and the alarms have it.
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
