//! Replays the events as the HTTP requests that API Gateway makes them from, and provokes the
//! responses that no event causes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::description::{Description, Operation, escaped};
use crate::{
    fixtures::{self, Expected, world},
    support::{Answer, BASE, Product, Settings, product_with},
    template::entries,
};

/// Headers that HTTP and API Gateway add to every response.
const GATEWAY_HEADERS: [&str; 4] = ["apigw-requestid", "content-length", "content-type", "date"];

/// Request headers that the functions read.
const READ_HEADERS: [&str; 5] = ["api-key", "api-secret", "authorization", "content-type", "user-agent"];

/// Converts an event to a request. Returns `None` for events of REST APIs, which have another
/// payload, and for events with a base64 body, which a request does not have.
fn request(product: &Product, function: &str, case: &str) -> Option<reqwest::RequestBuilder> {
    let event: Value = serde_json::from_str(&fixtures::read(function, case)).expect("JSON");
    if event["version"] != "2.0" || event["isBase64Encoded"] == true {
        return None;
    }
    let http = &event["requestContext"]["http"];
    let method: Method = http["method"].as_str().expect("a method").parse().expect("a method");
    let path = event["rawPath"].as_str().and_then(|path| path.strip_prefix(BASE)).expect("a path");
    let query = event["rawQueryString"].as_str().unwrap_or_default();
    let mut request = product.request(method, &format!("{path}?{query}"));
    for (name, value) in entries(&event["headers"]) {
        if READ_HEADERS.contains(&name.to_lowercase().as_str()) {
            request = request.header(name, value.as_str().expect("a text"));
        }
    }
    Some(match event["body"].as_str() {
        Some(body) => request.body(body.to_owned()),
        None => request,
    })
}

/// Asserts that a response matches the description of its operation.
fn check(description: &Description, operation: &Operation<'_>, answer: &Answer) {
    let Answer { status, headers, body } = answer;
    let place = format!("{} {status}", operation.name);
    let described = operation.response(*status);
    assert!(description.at(&described).is_object(), "{place} is not described");
    let content_type = answer.header("content-type").expect("a type").to_owned();
    let schema = format!("{described}/content/{}/schema", escaped(&content_type));
    assert!(!description.at(&schema).is_null(), "{place}: {content_type} is not described");
    description.check(&schema, body).unwrap_or_else(|problem| panic!("{place}: {problem}"));
    let described_headers = entries(&description.at(&described)["headers"]).map(|(name, _)| name);
    let described_headers: BTreeSet<_> = described_headers.map(str::to_lowercase).collect();
    let found =
        headers.keys().map(|name| name.as_str().to_owned()).filter(|name| !GATEWAY_HEADERS.contains(&name.as_str()));
    // All of these headers are required.
    assert_eq!(found.collect::<BTreeSet<_>>(), described_headers, "{place}");
    for (name, _) in entries(&description.at(&described)["headers"]) {
        let header = description.locate(&format!("{described}/headers/{name}"));
        assert_eq!(description.at(&header)["required"], true, "{place}: {name}");
        let schema = format!("{header}/schema");
        let text = answer.header(name).expect("a header");
        let is_number = description.at(&schema)["type"] == "integer";
        let value = if is_number { json!(text.parse::<u64>().expect("a number")) } else { json!(text) };
        description.check(&schema, &value).unwrap_or_else(|problem| panic!("{place}: {name}: {problem}"));
    }
}

/// Returns the requests that the function accepts in a new world.
fn accepted(product: &Product, function: &str) -> Vec<reqwest::RequestBuilder> {
    let accepted = fixtures::of(function).iter().filter(|(_, expected)| matches!(expected, Expected::Answered(_)));
    accepted.filter_map(|(case, _)| request(product, function, case)).collect()
}

/// Returns settings with which every function that uses the table fails: DynamoDB is unreachable,
/// or has no such table.
fn failures() -> [(u16, Settings); 2] {
    let with = |name, value: &str| Settings { variables: vec![(name, value.to_owned())], ..Settings::default() };
    // Nothing listens on port 1.
    [(503, with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")), (500, with("TABLE_NAME", "no-such-table"))]
}

/// Provokes all responses of an operation and checks them against the description. Every response
/// that is described must occur.
pub(super) async fn responds_as_described(function: &str) {
    let description = Description::strict();
    let operation = description.operation(function);
    let mut seen = BTreeSet::new();
    let mut settings = world::settings();
    settings.parameters.push(("MailBurst", "60"));
    product_with(settings, async |product| {
        world::populate(product).await;
        // Refused requests first, because an accepted one can use up what the next one needs.
        let cases = fixtures::by_world(function).into_iter().rev().flatten().map(|(case, _)| case);
        for request in cases.filter_map(|case| request(product, function, case)) {
            let answer = product.send(request).await;
            check(&description, &operation, &answer);
            seen.insert(answer.status);
        }
    })
    .await;
    let uses_table = !registry::find(function).expect("a function").cost.calls.is_empty();
    let closed = (function == "create-user").then(|| (403, Settings::parameter("SignUp", "closed")));
    for (status, settings) in failures().into_iter().filter(|_| uses_table).chain(closed) {
        product_with(settings, async |product| {
            let request = accepted(product, function).pop().expect("a request");
            let answer = product.send(request).await.expect(status);
            check(&description, &operation, &answer);
            seen.insert(status);
        })
        .await;
    }
    let mut described: BTreeSet<u16> =
        entries(operation.at("responses")).map(|(status, _)| status.parse().expect("a status")).collect();
    if description.at(&format!("{}/content", operation.response(429))).get("application/json").is_some() {
        // This response is API Gateway's own. No function returns it.
        described.remove(&429);
    } else {
        // John has changed the account once already.
        let mut settings = world::settings();
        settings.parameters.extend([("MailBurst", "1"), ("AccountChangesPerDay", "1")]);
        product_with(settings, async |product| {
            world::populate(product).await;
            for request in [accepted(product, function), accepted(product, function)].into_iter().flatten() {
                let answer = product.send(request).await;
                check(&description, &operation, &answer);
                seen.insert(answer.status);
            }
        })
        .await;
    }
    assert_eq!(seen, described, "returned, and described");
}
