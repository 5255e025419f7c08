//! What goes wrong around a function: it answers as the contract has it, and lives on.

use std::{fs, path::Path};

use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::emulator::Binary;
use crate::{
    fixtures::{self, world},
    support::product_with,
    template::Template,
};

/// It is a problem of that status and kind, headers and all; its words.
#[track_caller]
fn refused(answer: &Value, status: u16, kind: &str) -> String {
    assert_eq!(answer["statusCode"], status, "{answer}");
    let header = |name: &str| answer["headers"][name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"));
    assert_eq!(header("content-type"), "application/problem+json");
    assert_eq!([header("cache-control"), header("x-content-type-options")], ["no-store", "nosniff"]);
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["type"], format!("urn:latchkey:problem:{kind}"));
    assert_eq!(body["status"], status);
    assert_eq!(body["detail"], header("x-error"));
    let id = Uuid::parse_str(header("x-error-id")).expect("a UUID");
    assert_eq!(body["instance"], id.urn().to_string());
    header("x-error").to_owned()
}

/// Events that no API Gateway sends.
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
async fn an_event_that_is_none_is_refused_by_every_endpoint_and_the_next_is_served() {
    for function in Template::read().endpoints() {
        product_with(world::settings(), async |product| {
            world::populate(product).await;
            let binary = Binary::start(product, function.name, &[]).await;
            for event in undecodable() {
                refused(&binary.invoke(&event).await, 400, "malformed-request");
            }
            // Not even JSON: Lambda takes no such event, so it never gets this far. The runtime answers, and nothing else happens.
            assert!(binary.invoke("{\"version").await["errorType"].is_string());
            let (case, _) = fixtures::by_world(function.name)[0][0];
            assert!(binary.invoke(&fixtures::read(function.name, case)).await["statusCode"].as_u64() < Some(300));
            binary.lives_on();
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_never_answers_is_told_as_unavailable_before_lambda_gives_up() {
    // The system accepts connections for it, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    product_with(world::settings(), async |product| {
        let binary = Binary::start(product, "create-user", &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await;
        // The emulator kills it after the template's timeout, and then says something else.
        let answer = binary.invoke(&fixtures::read("create-user", "valid")).await;
        refused(&answer, 503, "unavailable");
        assert_eq!(answer["headers"]["retry-after"], "1");
        refused(&binary.invoke("{}").await, 400, "malformed-request");
        binary.lives_on();
    })
    .await;
}

/// Panics are rare: here the system has no randomness left to give, which no bearer can be made without. `.ci/binaries` has made a
/// library of `no_randomness.c` that says so for as long as there is a certain file.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_as_our_fault_and_the_next_request_is_served() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci/no_randomness.so").canonicalize();
    let library = library.expect("the library that .ci/binaries makes");
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
            let said = refused(&binary.invoke(&event).await, 500, "internal");
            assert!(said.contains("on our side"), "{said}");
        }
        fs::remove_file(&file).expect("the file");
        assert_eq!(binary.invoke(&event).await["statusCode"], 202);
        binary.lives_on();
    })
    .await;
}
