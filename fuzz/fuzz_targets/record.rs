//! Sends any JSON as a batch of stream records to send-mail and to send-notices. They must send or
//! skip each record, or report one from which the batch is retried.
//!
//! A panic ends the run, although the deployed function would survive it.
#![no_main]

use std::sync::LazyLock;

use fuzz::{NOW, RUNTIME, config};
use libfuzzer_sys::{Corpus, fuzz_target};
use mail::Consumer;
use send_mail::SendMail;
use send_notices::SendNotices;
use serde_json::{
    Value,
    value::{RawValue, to_value},
};

static SEND_MAIL: LazyLock<SendMail> = LazyLock::new(|| SendMail::new(&config()).expect("a function"));
static SEND_NOTICES: LazyLock<SendNotices> = LazyLock::new(|| SendNotices::new(&config()).expect("a function"));

fuzz_target!(|batch: &str| -> Corpus {
    // Lambda passes only valid JSON to a function.
    let Ok(raw) = serde_json::from_str::<&RawValue>(batch) else { return Corpus::Reject };
    let responses = RUNTIME.block_on(async {
        [mail::handle(&*SEND_MAIL, &|| NOW, raw).await, mail::handle(&*SEND_NOTICES, &|| NOW, raw).await]
    });
    // An empty sequence number fails the whole batch. The function returns it if it cannot read
    // one.
    let batch: Value = serde_json::from_str(batch).unwrap_or_default();
    let records = batch["Records"].as_array().map_or(&[][..], Vec::as_slice);
    let numbers = records.iter().map(|record| record["dynamodb"]["SequenceNumber"].as_str());
    let numbers: Vec<_> = numbers.flatten().chain([""]).collect();
    let is_in_batch =
        |failure: &Value| failure["itemIdentifier"].as_str().is_some_and(|number| numbers.contains(&number));
    for response in responses {
        let response = to_value(response).expect("JSON");
        let failures = response["batchItemFailures"].as_array().expect("failures");
        assert!(failures.len() <= 1 && failures.iter().all(is_in_batch), "{response}");
    }
    Corpus::Keep
});
