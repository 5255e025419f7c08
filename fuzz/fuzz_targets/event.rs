//! Sends any JSON as an event to the endpoints. Every response must comply with the API contract.
//!
//! A panic ends the run, although a deployed function would survive it.
#![no_main]

#[path = "../../tests/it/support/answer/contract.rs"]
mod contract;

use std::sync::LazyLock;

use fuzz::{NOW, RUNTIME, config};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{
    Value,
    value::{RawValue, to_value},
};
use shared::{App, Response};

/// A response in the form that the contract check expects.
struct Answer {
    status: u16,
    headers: Value,
    body: Value,
}

impl Answer {
    fn of(response: &Response) -> Self {
        let mut response = to_value(response).expect("JSON");
        let body = response["body"].as_str().expect("a body");
        Self {
            status: response["statusCode"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
            body: serde_json::from_str(body).expect("JSON"),
            headers: response["headers"].take(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.as_str().expect("a text"))
    }
}

static APP: LazyLock<App> = LazyLock::new(|| App::new(config()));

fuzz_target!(|event: &str| -> Corpus {
    // Lambda passes only valid JSON to a function.
    let Ok(event) = serde_json::from_str::<&RawValue>(event) else { return Corpus::Reject };
    // The event's length selects the endpoint, so that the files in `events/` can be used as inputs
    // without changes.
    let endpoints: Vec<_> = registry::endpoints().collect();
    let (_, route) = endpoints[event.get().len() % endpoints.len()];
    RUNTIME.block_on(async {
        let answer = Answer::of(&(route.respond)(&APP, NOW, event).await);
        assert!(answer.status < 500, "{}", answer.body);
        contract::check(&answer);
    });
    Corpus::Keep
});
