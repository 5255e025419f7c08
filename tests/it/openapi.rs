//! openapi.yaml describes exactly the routes, statuses, headers and members of the API.

mod description;
mod replay;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::{
    Alias, Reason,
    domain::code::SubmittedCode,
    edge::{Credential, FromJson},
};

use crate::{
    fixtures::{self, Expected},
    support::BASE,
    template::{Template, entries},
};
use description::Description;
use replay::responds_as_described;

#[test]
fn the_operations_are_the_functions_and_their_routes() {
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
    assert_eq!(operations.len(), registry::endpoints().count());
    assert_eq!(operations, routes.collect());
}

#[test]
fn servers_have_the_base_path_and_path_parameters_are_declared() {
    let description = Description::read();
    for server in description.at("/servers").as_array().expect("servers") {
        assert!(server["url"].as_str().is_some_and(|url| url.ends_with(BASE)), "{server}");
    }
    for operation in description.operations() {
        let parameters = operation.at("parameters").as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|one| one["$ref"].is_null() && one["in"] != "query");
        let in_path: Vec<_> = in_path.map(|one| [&one["in"], &one["name"], &one["required"]]).collect();
        let expected = [&json!("path"), &json!("id"), &json!(true)];
        let expected: &[_] = if operation.path.contains("{id}") { &[expected] } else { &[] };
        assert_eq!(in_path, expected, "{}", operation.name);
        // A request for a code can choose the language of the email.
        let language = json!({"$ref": "#/components/parameters/AcceptLanguage"});
        let answer = operation.at("responses/202/$ref").as_str().unwrap_or_default();
        assert_eq!(parameters.contains(&language), answer.contains("/Requested"), "{}", operation.name);
    }
}

#[test]
fn the_security_is_what_each_function_requires() {
    let description = Description::read();
    let usual = description.at("/security");
    for operation in description.operations() {
        let own = operation.at("security");
        let described = if own.is_null() { usual } else { own };
        let route = registry::find(&operation.name).and_then(|function| function.endpoint).expect("an endpoint");
        let refuses_unknown = fixtures::of(&operation.name).iter().any(|(case, _)| *case == "unknown-bearer");
        let expected = match (route.requires_token(), refuses_unknown) {
            _ if route.requires == Credential::KeyPair => json!([{"apiKey": [], "apiSecret": []}]),
            (true, true) => json!([{"bearer": []}]),
            (false, true) => json!([{}, {"bearer": []}]),
            _ => json!([]),
        };
        assert_eq!(*described, expected, "{}", operation.name);
    }
}

/// Cases that are refused for a reason that a schema cannot express.
const BEYOND_SCHEMAS: [&str; 4] = ["alias-taken", "already-verified", "invalid-name", "reserved-alias"];

#[test]
fn the_body_schemas_accept_what_the_functions_accept() {
    let description = Description::read();
    for operation in description.operations() {
        let Some(schema) = operation.body_schema() else { continue };
        for (case, expected) in fixtures::of(&operation.name) {
            let event: Value = serde_json::from_str(&fixtures::read(&operation.name, case)).expect("JSON");
            let body = event["body"].as_str().filter(|_| event["isBase64Encoded"] == false);
            let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) else { continue };
            let place = format!("{}/{case}", operation.name);
            match (expected, description.check(&schema, &body)) {
                (Expected::Answered(_), Err(problem)) => panic!("the function accepts {place}: {problem}"),
                (Expected::Refused(400, "invalid-input"), Ok(())) => {
                    assert!(BEYOND_SCHEMAS.contains(case), "the function refuses {place}");
                }
                _ => {}
            }
        }
    }
}

/// For ASCII, the pattern accepts exactly what the service accepts. JSON Schema cannot express the
/// rules for other characters, but no accepted alias violates the pattern.
#[test]
fn the_schema_of_an_alias_accepts_what_the_service_accepts() {
    let description = Description::read();
    let described = |alias: &str| {
        let check = description.check("/components/schemas/Alias", &json!(alias));
        check.is_ok()
    };
    let around = |character: char| {
        [format!("{character}"), format!("a{character}"), format!("{character}a"), format!(".{character}.")]
    };
    let long = [31, 32, 33].map(|length| "a".repeat(length));
    for alias in
        ('\0'..='\x7f').flat_map(around).chain(long).chain(["..", "...", "..j..", "../../etc", ""].map(str::to_owned))
    {
        assert_eq!(described(&alias), Alias::parse(&alias).is_ok(), "{alias:?}");
    }
    for alias in [
        "Jos\u{e9}",
        "\u{674e}\u{96f7}",
        "\u{5d3}\u{5d5}\u{5d3}7",
        "\u{41c}\u{430}\u{448}\u{430}",
        "\u{930}\u{92e}\u{947}\u{936}",
    ] {
        assert!(Alias::parse(alias).is_ok() && described(alias), "{alias:?}");
    }
}

#[test]
fn the_schema_of_a_code_accepts_what_the_service_accepts() {
    let description = Description::read();
    let around = |character: char| {
        [format!("123{character}456"), format!("{character}123456"), format!("123456{character}{character}")]
    };
    let lengths = (0..=14).map(|length| "7".repeat(length));
    let others = ["1234 5678 9012", "1234-5678-9012 3", "- -", "1-2-3-4-5-6", "12345 "].map(str::to_owned);
    for code in
        ('\0'..='\u{3100}').chain(['\u{feff}', '\u{ff0d}', '\u{ff11}']).flat_map(around).chain(lengths).chain(others)
    {
        let described = description.check("/components/schemas/CodeSubmission/properties/code", &json!(code));
        assert_eq!(described.is_ok(), SubmittedCode::from_json(&json!(code)).is_ok(), "{code:?}");
    }
}

#[test]
fn the_codes_of_field_errors_are_those_of_the_service() {
    let description = Description::read();
    let described = description.at("/components/schemas/Problem/properties/errors/items/properties/code/enum");
    assert_eq!(*described, json!(Reason::ALL));
}

#[test]
fn the_examples_match_their_schemas() {
    let description = Description::strict();
    for (schema, example) in description.examples() {
        description.check(&schema, &example).unwrap_or_else(|problem| panic!("{schema}: {problem}"));
    }
}

#[test]
fn every_component_is_used() {
    let description = Description::read();
    let text = description.at("").to_string();
    for (kind, components) in entries(description.at("/components")).filter(|(kind, _)| *kind != "securitySchemes") {
        for (name, _) in entries(components) {
            assert!(text.contains(&format!("\"#/components/{kind}/{name}\"")), "{kind}/{name}");
        }
    }
}

macro_rules! test_each {
    ($($endpoint:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $endpoint() {
                responds_as_described(&stringify!($endpoint).replace('_', "-")).await;
            }
        )*
    };
}

registry::for_each_endpoint!(test_each);
