//! Events of API Gateway, for every endpoint.

use std::cell::RefCell;

use proptest::{collection::hash_map, prelude::*, sample::select};
use serde_json::{Value, json, value::RawValue};

use super::{
    mutation::{MARKER, mutation, text, value},
    run,
};
use crate::{
    fixtures::{self, world},
    support::{Answer, Contents, Product, log_lines},
};

/// A function in a world of its own, until something in that is no longer as it was.
struct Subject {
    function: &'static str,
    world: RefCell<Option<World>>,
}

struct World {
    product: Product,
    contents: Contents,
    /// Events that it may see yet: what is in it expires in a few minutes.
    rest: u32,
}

impl World {
    async fn begin() -> Self {
        let product = Product::start(world::settings()).await;
        world::populate(&product).await;
        // What has expired would be deleted at some time, and be missed.
        product.stack.sweep().await.expect("a sweep");
        let contents = product.contents().await;
        Self { product, contents, rest: 500 }
    }

    async fn end(self) {
        self.product.stack.delivered().await;
        self.product.check_invariants().await;
        self.product.stack.shutdown().await;
    }
}

impl Subject {
    /// Runs the function, and holds its answer to the contract.
    async fn answers(&self, event: &str) {
        let event = RawValue::from_string(event.to_owned()).expect("JSON");
        let world = self.world.take();
        let World { product, contents, rest } = if let Some(world) = world { world } else { World::begin().await };
        let returned = product.stack.invoke(self.function, &event).await.expect("an answer");
        let answer = Answer::of_function(&serde_json::from_str(returned.get()).expect("JSON"));
        match answer.status {
            200 | 400..=499 => product.assert_unchanged_but_counters(&contents).await,
            202 => {}
            status => panic!("{status}: {}", answer.body),
        }
        let world = World { product, contents, rest: rest - 1 };
        if answer.status == 202 || world.rest == 0 {
            world.end().await;
        } else {
            self.world.replace(Some(world));
        }
    }

    /// Events of `events/`, spoilt, and events that are made up.
    async fn is_fuzzed(function: &'static str) {
        let subject = Self { function, world: RefCell::new(None) };
        let cases = fixtures::of(function).iter().map(|(case, _)| fixtures::read(function, case));
        let events: Vec<Value> = cases.map(|event| serde_json::from_str(&event).expect("JSON")).collect();
        let spoilt = (select(events), mutation()).prop_map(|(event, mutation)| mutation.of(&event));
        let strategy = prop_oneof![4 => spoilt, 1 => made_up()];
        run(&strategy, async |event| subject.answers(&event).await);
        for line in log_lines().iter().filter(|line| line.contains(" shared::") || line.contains(function)) {
            assert!(!line.contains(MARKER) && !line.contains("JohnJohn"), "{line}");
        }
        if let Some(world) = subject.world.take() {
            world.end().await;
        }
    }
}

/// An event as API Gateway could make it, with anything in its members; of either payload, of both, or of neither.
fn made_up() -> impl Strategy<Value = String> {
    let names = "[a-zA-Z-]{1,12}|authorization|content-type|Content-Type|host|x-forwarded-for|user-agent";
    let headers = hash_map(names, prop_oneof![text(), Just("application/json".to_owned())], 0..5);
    let fields = "email|address|alias|fullName|code|emailID|verificationCodeID|kind";
    let form = hash_map(fields, prop_oneof![2 => text().prop_map(Value::from), 1 => value()], 0..4);
    let body = prop_oneof![text(), form.prop_map(|form| json!(form).to_string())];
    let parts = (text(), text(), headers, prop::option::of(body), any::<bool>());
    let ip = prop_oneof![3 => Just("203.0.113.7".to_owned()), 1 => text()];
    (parts, ip, text(), select(&["GET", "PUT", "x y", ""][..])).prop_map(
        |((path, query, headers, body, encoded), ip, id, method)| {
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
                "multiValueHeaders": {}, "resource": path, "path": path, "httpMethod": method,
                "requestContext": {
                    "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": ip, "userAgent": query},
                    "identity": {"sourceIp": ip}, "timeEpoch": 0, "stage": "$default", "httpMethod": method,
                },
                "pathParameters": {"id": id}, "body": body, "isBase64Encoded": encoded,
            })
            .to_string()
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn create_user_answers_whatever_comes() {
    Subject::is_fuzzed("create-user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_user_answers_whatever_comes() {
    Subject::is_fuzzed("get-user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_session_answers_whatever_comes() {
    Subject::is_fuzzed("create-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_session_answers_whatever_comes() {
    Subject::is_fuzzed("verify-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_session_answers_whatever_comes() {
    Subject::is_fuzzed("check-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extend_session_answers_whatever_comes() {
    Subject::is_fuzzed("extend-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_session_answers_whatever_comes() {
    Subject::is_fuzzed("close-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_sessions_answers_whatever_comes() {
    Subject::is_fuzzed("list-sessions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_email_answers_whatever_comes() {
    Subject::is_fuzzed("create-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_emails_answers_whatever_comes() {
    Subject::is_fuzzed("list-emails").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_email_answers_whatever_comes() {
    Subject::is_fuzzed("verify-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_email_code_answers_whatever_comes() {
    Subject::is_fuzzed("resend-email-code").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_email_answers_whatever_comes() {
    Subject::is_fuzzed("prefer-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_email_answers_whatever_comes() {
    Subject::is_fuzzed("delete-email").await;
}
