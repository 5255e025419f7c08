//! The emails, and everything that the functions that send them share: reading the records of the
//! table's stream, leasing, rendering and SES.
//!
//! Records are processed in order. The first that can succeed later ends the batch and is reported
//! with all that follow (`ReportBatchItemFailures`). One that can never succeed is logged and
//! skipped, so that it delays no other email.

mod batch;
mod delivery;
mod email;
mod record;
mod ses;

pub use self::{
    batch::{BatchResponse, Consumer, handle, serve},
    delivery::{Mailer, Outcome},
    email::{Code, Email},
    record::Record,
    ses::SendError,
};
