//! Whatever the records of a batch hold, they are mailed or passed over, or come again from one of them on. A panic ends the run, though
//! the function survives it.
#![no_main]

use std::sync::LazyLock;

use fuzz::{NOW, RUNTIME, config};
use libfuzzer_sys::{Corpus, fuzz_target};
use send_mail::SendMail;
use serde_json::{
    Value,
    value::{RawValue, to_value},
};

static FUNCTION: LazyLock<SendMail> = LazyLock::new(|| SendMail::new(&config()).expect("a function"));

fuzz_target!(|batch: &str| -> Corpus {
    // Lambda hands over nothing that is not JSON.
    let Ok(raw) = serde_json::from_str::<&RawValue>(batch) else { return Corpus::Reject };
    let answer = to_value(RUNTIME.block_on(FUNCTION.handle(NOW, raw))).expect("JSON");
    let failures = answer["batchItemFailures"].as_array().expect("failures");
    // A number that can't be read means the whole batch.
    let batch: Value = serde_json::from_str(batch).unwrap_or_default();
    let records = batch["Records"].as_array().map_or(&[][..], Vec::as_slice);
    let numbers = records.iter().map(|record| record["dynamodb"]["SequenceNumber"].as_str());
    let numbers: Vec<_> = numbers.flatten().chain([""]).collect();
    let is_its = |failure: &Value| failure["itemIdentifier"].as_str().is_some_and(|number| numbers.contains(&number));
    assert!(failures.len() <= 1 && failures.iter().all(is_its), "{answer}");
    Corpus::Keep
});
