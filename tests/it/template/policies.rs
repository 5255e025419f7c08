//! Least privilege, checked against traffic: the permissions of a function on the table are the
//! actions that its events cause.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Function, SENDERS, Template, WITHOUT_A_ROUTE, entries};
use crate::{
    fixtures::{self, world},
    support::{Call, Proxy, product_with},
};

/// Returns the IAM actions that a call requires.
fn actions_of(call: &Call) -> Vec<String> {
    if call.operation != "TransactWriteItems" {
        return vec![format!("dynamodb:{}", call.operation)];
    }
    let action = |part: &str| match part {
        "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
        part => format!("dynamodb:{part}Item"),
    };
    let parts = call.body["TransactItems"].as_array().expect("parts").iter().flat_map(entries);
    parts.map(|(part, _)| action(part)).collect()
}

/// The action of an endpoint at its start, before its first event: it opens its connection with a
/// read. A function without a route does not.
const AT_START: &str = "dynamodb:GetItem";

/// Returns the actions on the table that the events of a function cause, run one after the other.
async fn actions_done(function: &str) -> BTreeSet<String> {
    let proxy = Proxy::start().await;
    let mut settings = world::settings();
    // Only the calls of this function go through the proxy.
    settings.variables.push((format!("{function}/AWS_ENDPOINT_URL_DYNAMODB").leak(), proxy.url().to_owned()));
    // The local stack lifts the rate limit of a source, so requests would not be counted.
    settings.parameters.extend([("MailsPerSourceIpPerHour", "60"), ("MailBurst", "60")]);
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
    let at_start = (!WITHOUT_A_ROUTE.contains(&function)).then(|| AT_START.to_owned());
    proxy.take_calls().iter().flat_map(actions_of).chain(at_start).collect()
}

/// Returns the policy statements of a function, or of its role.
fn statements<'a>(template: &'a Template, function: &Function<'a>) -> Vec<&'a Value> {
    let properties = &function.resource["Properties"];
    let documents: Vec<_> = match properties["Role"]["Fn::GetAtt"].as_str() {
        None => properties["Policies"].as_array().expect("policies").iter().collect(),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_exactly_the_table_permissions_that_it_uses() {
    let template = Template::read();
    let functions = template.functions();
    let done = join_all(functions.iter().map(|function| actions_done(function.name))).await;
    let mut wrong = Vec::new();
    for (function, done) in functions.iter().zip(done) {
        let table = json!({"Fn::GetAtt": "Table.Arn"});
        let on_table = statements(&template, function).into_iter().filter(|statement| statement["Resource"] == table);
        let allowed: BTreeSet<_> = on_table.flat_map(actions).collect();
        for action in allowed.symmetric_difference(&done) {
            let what = if done.contains(action) { "uses without permission" } else { "never uses" };
            wrong.push(format!("{} {what}: {action}", function.id));
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
