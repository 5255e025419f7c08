//! Least privilege, checked against traffic: the permissions of a function on the table are the
//! actions that its events and the scenarios of the faults cause, each on the kinds of items that
//! they affect.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Function, SENDERS, Template, WITHOUT_A_ROUTE};
use crate::{
    faults::{matrix::with_own_product, scenarios::Scenario},
    fixtures::{self, world},
    support::{Call, Proxy, product_with},
};

/// An action, and the pattern of the partition keys that it is allowed on: `USER#*`.
type Permission = (String, String);

/// Returns the permissions that a call requires.
fn permissions_of(call: &Call) -> Vec<Permission> {
    let permission = |action: &str, part: &Value| {
        let keys = [&part["Key"]["pk"], &part["Item"]["pk"], &part["ExpressionAttributeValues"][":pk"]];
        let key = keys.into_iter().find_map(|key| key["S"].as_str()).expect("a partition key");
        let kind = key.split_once('#').map_or(key.to_owned(), |(kind, _)| format!("{kind}#*"));
        (format!("dynamodb:{action}"), kind)
    };
    if call.operation != "TransactWriteItems" {
        return vec![permission(&call.operation, &call.body)];
    }
    call.parts().into_iter().map(|(action, part)| permission(&format!("{action}Item"), part)).collect()
}

/// Returns the permission of an endpoint at its start, before its first event: it opens its
/// connection with a read. A function without a route or without calls does not.
fn at_start() -> Permission {
    ("dynamodb:GetItem".to_owned(), "NONEXISTENT".to_owned())
}

/// Returns the calls that the events of a function cause, run one after the other, in a deployment
/// with this recovery period.
async fn calls_of_events(function: &str, recovery: &'static str) -> Vec<Call> {
    let proxy = Proxy::start().await;
    let mut settings = world::settings();
    // Only the calls of this function go through the proxy.
    settings.variables.push((format!("{function}/AWS_ENDPOINT_URL_DYNAMODB").leak(), proxy.url().to_owned()));
    // The local stack lifts the rate limit of a source, so requests would not be counted.
    settings.parameters.extend([("MailsPerSourceIpPerHour", "60"), ("MailBurst", "60"), ("RecoverySeconds", recovery)]);
    product_with(settings, async |product| {
        proxy.lead_to(product);
        world::populate(product).await;
        for (case, _) in fixtures::of(function) {
            if SENDERS.contains(&function) {
                fixtures::store_items_of(product, function, case).await;
            }
            fixtures::invoke(product, function, case).await;
        }
    })
    .await;
    proxy.take_calls()
}

/// Returns the calls that the request of a scenario causes.
async fn calls_of(scenario: Scenario) -> Vec<Call> {
    let mut calls = Vec::new();
    with_own_product(scenario, async |product, proxy| {
        let person = scenario.begin(product).await;
        let prepared = scenario.prepare(product, person.as_ref()).await;
        proxy.take_calls();
        product.send(prepared.request.for_api(product)).await.expect(scenario.expected_status());
        calls = proxy.take_calls();
    })
    .await;
    calls
}

/// Returns the permissions that a function requires.
async fn permissions_used(function: &str) -> BTreeSet<Permission> {
    let mut calls = calls_of_events(function, "259200").await;
    // A deployment can turn recovery off. Then items are deleted at once instead of later.
    calls.extend(calls_of_events(function, "0").await);
    for scenario in Scenario::ALL.into_iter().filter(|scenario| scenario.function() == function) {
        calls.extend(Box::pin(calls_of(scenario)).await);
    }
    let makes_calls = !registry::find(function).expect("a function").cost.calls.is_empty();
    let at_start = (makes_calls && !WITHOUT_A_ROUTE.contains(&function)).then(at_start);
    calls.iter().flat_map(permissions_of).chain(at_start).collect()
}

/// Returns the policy statements of a function, or of its role.
fn statements<'a>(template: &'a Template, function: &Function<'a>) -> Vec<&'a Value> {
    let properties = &function.resource["Properties"];
    let documents: Vec<_> = match properties["Role"]["Fn::GetAtt"].as_str() {
        None => properties["Policies"].as_array().into_iter().flatten().collect(),
        Some(role) => {
            let role = template.resource(role.trim_end_matches(".Arn"));
            let policies = role["Properties"]["Policies"].as_array().expect("policies").iter();
            policies.map(|policy| &policy["PolicyDocument"]).collect()
        }
    };
    let statements = documents.iter().flat_map(|document| document["Statement"].as_array().expect("statements"));
    statements.inspect(|statement| assert_eq!(statement["Effect"], "Allow", "{}", function.id)).collect()
}

fn actions(statement: &Value) -> BTreeSet<String> {
    let action = &statement["Action"];
    let all = action.as_array().map_or(std::slice::from_ref(action), Vec::as_slice);
    all.iter().map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// Returns the permissions that a statement gives on the table.
fn permissions(statement: &Value) -> Vec<Permission> {
    let keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].as_array();
    // Without a condition, a statement is about all keys.
    let keys = keys.map_or(vec!["*"], |keys| keys.iter().map(|key| key.as_str().expect("a key")).collect());
    let on_each = |action: String| keys.iter().map(move |key| (action.clone(), (*key).to_owned())).collect::<Vec<_>>();
    actions(statement).into_iter().flat_map(on_each).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_exactly_the_table_permissions_that_it_uses() {
    let template = Template::read();
    let functions = template.functions();
    let used = join_all(functions.iter().map(|function| permissions_used(function.name))).await;
    let mut wrong = Vec::new();
    for (function, used) in functions.iter().zip(used) {
        let table = json!({"Fn::GetAtt": "Table.Arn"});
        let on_table = statements(&template, function).into_iter().filter(|statement| statement["Resource"] == table);
        let allowed: BTreeSet<_> = on_table.flat_map(permissions).collect();
        for missing in used.difference(&allowed) {
            wrong.push(format!("add to {}: {} on the LeadingKeys '{}'", function.id, missing.0, missing.1));
        }
        for unused in allowed.difference(&used) {
            wrong.push(format!("remove from {}: {} on the LeadingKeys '{}'", function.id, unused.0, unused.1));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_senders_have_permissions_beyond_the_table() {
    let template = Template::read();
    for function in template.functions() {
        let others: BTreeSet<_> = statements(&template, &function)
            .into_iter()
            .filter(|statement| statement["Resource"] != json!({"Fn::GetAtt": "Table.Arn"}))
            .inspect(|statement| assert_ne!(statement["Resource"], "*", "{}", function.id))
            .flat_map(actions)
            .collect();
        // Besides sending email: with the function's role, Lambda reads the stream, reports the
        // records that are given up and keeps the logs.
        let expected: &[&str] = match function.name {
            "send-mail" | "send-notices" => &[
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "ses:SendEmail",
                "sqs:SendMessage",
            ],
            _ => &[],
        };
        assert!(others.iter().eq(expected), "{}: {others:?}", function.id);
    }
}
