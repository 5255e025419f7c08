//! The events once more, as the HTTP requests that API Gateway made them from; and the answers that no event can cause.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::description::{Description, Operation, escaped};
use crate::{
    fixtures::{self, Expected, world},
    support::{Answer, BASE, Product, Settings, product_with},
    template::entries,
};

/// Headers that HTTP and API Gateway add to any answer.
const ANYBODY_S: [&str; 4] = ["apigw-requestid", "content-length", "content-type", "date"];

/// Headers of a request that the functions look at.
const LOOKED_AT: [&str; 3] = ["authorization", "content-type", "user-agent"];

/// The event as a request, if it can be one: those of REST APIs come another way, and those with a body in base64 had another one.
fn request(product: &Product, function: &str, case: &str) -> Option<reqwest::RequestBuilder> {
    let event: Value = serde_json::from_str(&fixtures::read(function, case)).expect("JSON");
    if event["version"] != "2.0" || event["isBase64Encoded"] == true {
        return None;
    }
    let http = &event["requestContext"]["http"];
    let method: Method = http["method"].as_str().expect("a method").parse().expect("a method");
    let path = event["rawPath"].as_str().and_then(|path| path.strip_prefix(BASE)).expect("a path");
    let mut request = product.request(method, path);
    for (name, value) in entries(&event["headers"]) {
        if LOOKED_AT.contains(&name.to_lowercase().as_str()) {
            request = request.header(name, value.as_str().expect("a text"));
        }
    }
    Some(match event["body"].as_str() {
        Some(body) => request.body(body.to_owned()),
        None => request,
    })
}

/// Holds an answer to what is told of the operation.
fn check(description: &Description, operation: &Operation<'_>, answer: &Answer) {
    let Answer { status, headers, body } = answer;
    let place = format!("{} {status}", operation.name);
    let told = operation.answer(*status);
    assert!(description.at(&told).is_object(), "{place} is not told of");
    let content_type = answer.header("content-type").expect("a type").to_owned();
    let schema = format!("{told}/content/{}/schema", escaped(&content_type));
    assert!(!description.at(&schema).is_null(), "{place}: {content_type} is not told of");
    description.check(&schema, body).unwrap_or_else(|problem| panic!("{place}: {problem}"));
    let told_headers = entries(&description.at(&told)["headers"]).map(|(name, _)| name);
    let told_headers: BTreeSet<_> = told_headers.map(str::to_lowercase).collect();
    let found = headers.keys().map(|name| name.as_str().to_owned()).filter(|name| !ANYBODY_S.contains(&name.as_str()));
    // All of them are required.
    assert_eq!(found.collect::<BTreeSet<_>>(), told_headers, "{place}");
    for (name, _) in entries(&description.at(&told)["headers"]) {
        let header = description.locate(&format!("{told}/headers/{name}"));
        assert_eq!(description.at(&header)["required"], true, "{place}: {name}");
        let schema = format!("{header}/schema");
        let text = answer.header(name).expect("it is there");
        let is_number = description.at(&schema)["type"] == "integer";
        let value = if is_number { json!(text.parse::<u64>().expect("a number")) } else { json!(text) };
        description.check(&schema, &value).unwrap_or_else(|problem| panic!("{place}: {name}: {problem}"));
    }
}

/// An event that is answered, as a request.
fn answered(product: &Product, function: &str) -> reqwest::RequestBuilder {
    let mut answered = fixtures::of(function).iter().filter(|(_, expected)| matches!(expected, Expected::Answered(_)));
    answered.find_map(|(case, _)| request(product, function, case)).expect("a request")
}

/// How each of them fails: without DynamoDB, and with one that has no such table.
fn failures() -> [(u16, Settings); 2] {
    let with = |name, value: &str| Settings { variables: vec![(name, value.to_owned())], ..Settings::default() };
    // Nobody listens on port 1.
    [(503, with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")), (500, with("TABLE_NAME", "no-such-table"))]
}

/// Makes an operation answer in all the ways that it can, and holds each answer to what is told of it. All that is told
/// must have been among them.
pub(super) async fn answers_as_told(function: &str) {
    let description = Description::strict();
    let operation = description.operation(function);
    let mut seen = BTreeSet::new();
    let mut settings = world::settings();
    settings.parameters.push(("MailBurst", "60"));
    product_with(settings, async |product| {
        world::populate(product).await;
        // One after the other: what one has used up, the next is refused for, and that too is an answer.
        let cases = fixtures::of(function).iter().map(|(case, _)| case);
        for request in cases.filter_map(|case| request(product, function, case)) {
            let answer = product.send(request).await;
            check(&description, &operation, &answer);
            seen.insert(answer.status);
        }
    })
    .await;
    for (status, settings) in failures() {
        product_with(settings, async |product| {
            let answer = product.send(answered(product, function)).await.expect(status);
            check(&description, &operation, &answer);
            seen.insert(status);
        })
        .await;
    }
    let mut told: BTreeSet<u16> =
        entries(operation.at("responses")).map(|(status, _)| status.parse().expect("a status")).collect();
    if description.at(&format!("{}/content", operation.answer(429))).get("application/json").is_some() {
        // API Gateway's own, which no function answers.
        told.remove(&429);
    } else {
        let mut settings = world::settings();
        settings.parameters.push(("MailBurst", "1"));
        product_with(settings, async |product| {
            world::populate(product).await;
            product.send(answered(product, function)).await.expect(202);
            let answer = product.send(answered(product, function)).await.expect(429);
            check(&description, &operation, &answer);
            seen.insert(429);
        })
        .await;
    }
    assert_eq!(seen, told, "answered, and told of");
}
