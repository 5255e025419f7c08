//! Replies to requests for codes: reads them from the table's stream and sends emails through SES.
//!
//! Every request for a code is an item. After the client has its response, this function decides
//! which email the owner of the address gets: a code, or that they have an account, or none, or
//! that the address belongs to another account. So no response of the API reveals whether an
//! address is known.

mod reply;

use mail::{Consumer, Mailer, Outcome};
use shared::{
    Config, ConfigError, Timestamp,
    domain::{code::CodeKeys, verification::Verification},
    store::StoreError,
};

/// The state of the function's process.
#[derive(Debug)]
pub struct SendMail {
    mailer: Mailer,
    keys: CodeKeys,
}

impl Consumer for SendMail {
    const NAME: &'static str = "send-mail";
    const KIND: &'static str = "CODE";
    type Item = Verification;

    fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self { mailer: Mailer::new(config)?, keys: config.code_keys()?.clone() })
    }

    async fn mail(&self, requested: Verification, now: Timestamp) -> Result<Outcome, StoreError> {
        self.reply(&requested, now).await
    }
}
