//! openapi.yaml says what the API does: no route, status, header or member more, and none less.

mod description;
mod replay;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    fixtures::{self, Expected},
    support::BASE,
    template::{Template, entries},
};
use description::Description;
use replay::answers_as_told;

#[test]
fn its_operations_are_the_functions_and_their_routes() {
    let template = Template::read();
    let endpoints = template.endpoints();
    let routes = endpoints.iter().map(|function| {
        let (method, path) = function.route();
        (function.name.to_owned(), method.to_owned(), path.to_owned())
    });
    let description = Description::read();
    let operations = description.operations().into_iter();
    let operations =
        operations.map(|operation| (operation.name, operation.method, format!("{BASE}{}", operation.path)));
    let operations: BTreeSet<_> = operations.collect();
    assert_eq!(operations.len(), 14);
    assert_eq!(operations, routes.collect());
}

#[test]
fn its_servers_have_the_base_path_and_its_path_parameters_are_in_the_paths() {
    let description = Description::read();
    for server in description.at("/servers").as_array().expect("servers") {
        assert!(server["url"].as_str().is_some_and(|url| url.ends_with(BASE)), "{server}");
    }
    for operation in description.operations() {
        let parameters = operation.at("parameters").as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|one| one["$ref"].is_null());
        let in_path: Vec<_> = in_path.map(|one| [&one["in"], &one["name"], &one["required"]]).collect();
        let expected = [&json!("path"), &json!("id"), &json!(true)];
        let expected: &[_] = if operation.path.contains("{id}") { &[expected] } else { &[] };
        assert_eq!(in_path, expected, "{}", operation.name);
        // Whoever asks for a code may say in which language.
        let language = json!({"$ref": "#/components/parameters/AcceptLanguage"});
        let answer = operation.at("responses/202/$ref").as_str().unwrap_or_default();
        assert_eq!(parameters.contains(&language), answer.contains("/Requested"), "{}", operation.name);
    }
}

#[test]
fn its_security_is_what_each_function_asks_for() {
    let description = Description::read();
    let usual = description.at("/security");
    for operation in description.operations() {
        let own = operation.at("security");
        let told = if own.is_null() { usual } else { own };
        let refuses = |of: &str| fixtures::of(&operation.name).iter().any(|(case, _)| *case == of);
        let expected = match (refuses("missing-bearer"), refuses("unknown-bearer")) {
            (true, true) => json!([{"bearer": []}]),
            (false, true) => json!([{}, {"bearer": []}]),
            _ => json!([]),
        };
        assert_eq!(*told, expected, "{}", operation.name);
    }
}

/// Refused for a reason that no schema can tell.
const BEYOND_SCHEMAS: [&str; 3] = ["alias-taken", "already-verified", "invalid-name"];

#[test]
fn the_schemas_of_its_bodies_take_what_the_functions_take() {
    let description = Description::read();
    for operation in description.operations() {
        let Some(schema) = operation.body_schema() else { continue };
        for (case, expected) in fixtures::of(&operation.name) {
            let event: Value = serde_json::from_str(&fixtures::read(&operation.name, case)).expect("JSON");
            let body = event["body"].as_str().filter(|_| event["isBase64Encoded"] == false);
            let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) else { continue };
            let place = format!("{}/{case}", operation.name);
            match (expected, description.check(&schema, &body)) {
                (Expected::Answered(_), Err(problem)) => panic!("{place} is taken: {problem}"),
                (Expected::Refused(400, "invalid-input"), Ok(())) => {
                    assert!(BEYOND_SCHEMAS.contains(case), "{place} is refused");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn its_examples_are_examples() {
    let description = Description::strict();
    for (schema, example) in description.examples() {
        description.check(&schema, &example).unwrap_or_else(|problem| panic!("{schema}: {problem}"));
    }
}

#[test]
fn every_one_of_its_components_is_used() {
    let description = Description::read();
    let text = description.at("").to_string();
    for (kind, components) in entries(description.at("/components")).filter(|(kind, _)| *kind != "securitySchemes") {
        for (name, _) in entries(components) {
            assert!(text.contains(&format!("\"#/components/{kind}/{name}\"")), "{kind}/{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn create_user_answers_as_told() {
    answers_as_told("create-user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_user_answers_as_told() {
    answers_as_told("get-user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_session_answers_as_told() {
    answers_as_told("create-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_session_answers_as_told() {
    answers_as_told("verify-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_session_answers_as_told() {
    answers_as_told("check-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extend_session_answers_as_told() {
    answers_as_told("extend-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_session_answers_as_told() {
    answers_as_told("close-session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_sessions_answers_as_told() {
    answers_as_told("list-sessions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_email_answers_as_told() {
    answers_as_told("create-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_emails_answers_as_told() {
    answers_as_told("list-emails").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_email_answers_as_told() {
    answers_as_told("verify-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_email_code_answers_as_told() {
    answers_as_told("resend-email-code").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_email_answers_as_told() {
    answers_as_told("prefer-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_email_answers_as_told() {
    answers_as_told("delete-email").await;
}
