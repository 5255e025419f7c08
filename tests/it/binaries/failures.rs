//! Failures around a function: it responds as the contract says, and keeps running.

use std::{fs, path::Path};

use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::emulator::Binary;
use crate::{
    fixtures::{self, Expected, world},
    support::product_with,
    template::Template,
};

/// Asserts that a response is a problem of this status and kind, with all its headers, and returns
/// its detail.
#[track_caller]
fn refused(response: &Value, status: u16, kind: &str) -> String {
    assert_eq!(response["statusCode"], status, "{response}");
    let header = |name: &str| response["headers"][name].as_str().unwrap_or_else(|| panic!("no {name}: {response}"));
    assert_eq!(header("content-type"), "application/problem+json");
    assert_eq!([header("cache-control"), header("x-content-type-options")], ["no-store", "nosniff"]);
    let body: Value = serde_json::from_str(response["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["type"], format!("urn:latchkey:problem:{kind}"));
    assert_eq!(body["status"], status);
    assert_eq!(body["detail"], header("x-error"));
    let id = Uuid::parse_str(header("x-error-id")).expect("a UUID");
    assert_eq!(body["instance"], id.urn().to_string());
    header("x-error").to_owned()
}

/// Events that API Gateway never sends.
fn undecodable() -> [String; 7] {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let whole = |text: &str| text.to_owned();
    [
        whole("null"),
        whole("[]"),
        whole("{}"),
        whole("\"POST /api/auth/v2/user\""),
        whole(r#"{"version": "2.0", "requestContext": null}"#),
        whole(r#"{"version": "2.0", "version": "2.0", "headers": {"host": ["\u0000", {}]}}"#),
        nested(5_000),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecodable_event_is_refused_and_the_next_one_is_served() {
    for function in Template::read().endpoints() {
        product_with(world::settings(), async |product| {
            world::populate(product).await;
            let binary = Binary::start(product, function.name, &[]).await;
            for event in undecodable() {
                refused(&binary.invoke(&event).await, 400, "malformed-request");
            }
            // Lambda accepts no event that is not JSON, so this one never reaches a deployed
            // function. The runtime reports an error and goes on.
            assert!(binary.invoke("{\"version").await["errorType"].is_string());
            let (case, expected) = fixtures::by_world(function.name)[0][0];
            let (Expected::Answered(status) | Expected::Refused(status, _)) = expected else {
                panic!("{case} of {} has no status", function.name)
            };
            assert_eq!(binary.invoke(&fixtures::read(function.name, case)).await["statusCode"], *status);
            binary.assert_never_restarted();
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unresponsive_database_is_a_503_before_lambda_times_out() {
    // The operating system accepts connections, but no program reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    product_with(world::settings(), async |product| {
        let binary = Binary::start(product, "create-user", &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await;
        // After the template's timeout, the emulator would kill the function and return an error.
        let response = binary.invoke(&fixtures::read("create-user", "valid")).await;
        refused(&response, 503, "unavailable");
        assert_eq!(response["headers"]["retry-after"], "1");
        refused(&binary.invoke("{}").await, 400, "malformed-request");
        binary.assert_never_restarted();
    })
    .await;
}

/// The panic is caused by a random number generator that fails, without which no bearer token can
/// be generated. The library that `.ci/binaries` builds from `no_randomness.c` makes it fail while
/// a certain file exists.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci/no_randomness.so").canonicalize();
    let library = library.expect("the library that .ci/binaries builds");
    let file = std::env::temp_dir().join(format!("no-randomness-{}", Uuid::new_v4()));
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        let library = library.to_str().expect("UTF-8");
        let variables = [("LD_PRELOAD", library), ("NO_RANDOMNESS_WHILE", file.to_str().expect("UTF-8"))];
        let binary = Binary::start(product, "create-user", &variables).await;
        let event = fixtures::read("create-user", "valid");
        refused(&binary.invoke("{}").await, 400, "malformed-request");
        fs::write(&file, "").expect("a file");
        for _ in 0..3 {
            let detail = refused(&binary.invoke(&event).await, 500, "internal");
            assert!(detail.starts_with("Internal error"), "{detail}");
        }
        fs::remove_file(&file).expect("the file");
        assert_eq!(binary.invoke(&event).await["statusCode"], 202);
        binary.assert_never_restarted();
    })
    .await;
}
