//! Least privilege, proved from traffic: what a function may do to the table is what it does when its events are run.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Function, Template, WITHOUT_A_ROUTE, entries};
use crate::{
    fixtures::{self, world},
    support::{Call, Proxy, product_with},
};

/// The actions that IAM asks for, for one call.
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

/// What an endpoint does when it starts, before its first event: it opens its connection by reading. Who waits for no answer does not.
const AT_START: &str = "dynamodb:GetItem";

/// What a function does to the table when all its events are run, one after the other.
async fn actions_done(function: &str) -> BTreeSet<String> {
    let proxy = Proxy::start().await;
    let mut settings = world::settings();
    // Between this function and DynamoDB; the others go their own way.
    settings.variables.push((format!("{function}/AWS_ENDPOINT_URL_DYNAMODB").leak(), proxy.url().to_owned()));
    // Locally the budget of a source is lifted, and then nothing is counted.
    settings.parameters.extend([("MailsPerSourceIpPerHour", "60"), ("MailBurst", "60")]);
    product_with(settings, async |product| {
        proxy.lead_to(product);
        world::populate(product).await;
        for (case, _) in fixtures::of(function) {
            if function == "send-mail" {
                fixtures::store_items_of(product, case).await;
            }
            fixtures::invoke(product, function, case).await;
        }
    })
    .await;
    let at_start = (!WITHOUT_A_ROUTE.contains(&function)).then(|| AT_START.to_owned());
    proxy.take_calls().iter().flat_map(actions_of).chain(at_start).collect()
}

/// The statements of a function's policy, or of its role's.
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
async fn a_function_may_do_to_the_table_what_it_does_and_no_more() {
    let template = Template::read();
    let functions = template.functions();
    let done = join_all(functions.iter().map(|function| actions_done(function.name))).await;
    let mut wrong = Vec::new();
    for (function, done) in functions.iter().zip(done) {
        let table = json!({"Fn::GetAtt": "Table.Arn"});
        let on_table = statements(&template, function).into_iter().filter(|statement| statement["Resource"] == table);
        let allowed: BTreeSet<_> = on_table.flat_map(actions).collect();
        for action in allowed.symmetric_difference(&done) {
            let what = if done.contains(action) { "does, but may not" } else { "may, but never does" };
            wrong.push(format!("{} {what}: {action}", function.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_send_mail_may_do_anything_besides() {
    let template = Template::read();
    for function in template.functions() {
        let others: BTreeSet<_> = statements(&template, &function)
            .into_iter()
            .filter(|statement| statement["Resource"] != json!({"Fn::GetAtt": "Table.Arn"}))
            .inspect(|statement| assert_ne!(statement["Resource"], "*", "{}", function.id))
            .flat_map(actions)
            .collect();
        // Besides mailing: Lambda reads the stream, reports what is given up and keeps the logs, all in the function's role.
        let expected: &[&str] = match function.name {
            "send-mail" => &[
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
