//! The consumer of the outbox: reads the table's stream and sends emails through SES.
//!
//! Every request for a code and every security notice is an item, stored together with the change
//! that it is about. After the client has its response, this function decides which email the owner
//! of the address gets: a code, or that they have an account, or none, or that the address belongs
//! to another account. So no response of the API reveals whether an address is known.

mod notice;
mod reply;

use mail::{Consumer, Mailer, Outcome, Record};
use shared::{Config, ConfigError, Timestamp, domain::code::CodeKeys, store::StoreError};

/// The state of the function's process.
#[derive(Debug)]
pub struct SendMail {
    mailer: Mailer,
    keys: CodeKeys,
}

impl Consumer for SendMail {
    const NAME: &'static str = "send-mail";

    fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self { mailer: Mailer::new(config)?, keys: config.code_keys()?.clone() })
    }

    async fn mail(&self, record: Record, now: Timestamp) -> Result<Outcome, StoreError> {
        match record {
            Record::Verification(requested) => self.reply(&requested, now).await,
            Record::Notice(notice) => self.notify(&notice, now).await,
            Record::Other => Ok(Outcome::Done),
        }
    }
}
