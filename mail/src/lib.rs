//! The emails, and everything that the functions that send them share: reading the records of the
//! table's stream, leasing, rendering and SES.
//!
//! All records of a batch are processed. The first that can succeed later is reported
//! (`ReportBatchItemFailures`), and Lambda delivers it and all after it again, of which those that
//! were sent have a mark. One that can never succeed is logged and skipped.

mod batch;
mod delivery;
mod email;
mod record;
mod ses;

pub use self::{
    batch::{BatchResponse, Consumer, handle, serve},
    delivery::{Mailer, Outcome},
    email::{Code, Email},
    ses::SendError,
};
