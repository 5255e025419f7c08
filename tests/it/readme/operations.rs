//! docs/operations.md, "Users": the commands, run as they are printed. The test replaces the AWS
//! CLI, and sends the requests to the product's table.

use serde_json::{Map, Value, json};

use super::{
    OPERATIONS,
    shell::{Shell, installed},
};
use crate::support::{Person, Product, Settings, markdown, product_with};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_show_a_user_and_close_all_sessions() {
    each_shell(async |product, shell| {
        let john = product.sign_up("John@Doe.net", "john").await;
        let second = product.sign_in(&john).await;
        let jane = product.sign_up("jane@doe.net", "jane").await;

        let shown = run(product, shell, "### Show a user", &john).await;
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["Items"].as_array().map(Vec::len), Some(4), "{}: {shown}", shell.name);

        assert_eq!(run(product, shell, "### Close all sessions", &john).await, "", "{}", shell.name);
        for bearer in [&john.bearer, &second.bearer] {
            product.session(bearer).await.refused(401, "bearer token");
        }
        product.session(&jane.bearer).await.expect(200);
        let again = product.sign_in(&john).await;
        assert_eq!(product.sessions(&again).await.len(), 1, "{}", shell.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_change_nothing_without_a_user_id() {
    each_shell(async |product, shell| {
        product.sign_up("john@doe.net", "john").await;
        let before = product.contents().await;
        let script = format!("unset USER_ID\nTABLE={}\n{}", product.table().await, commands("### Close all sessions"));
        let output = shell.run("aws", &script, async |arguments| aws(product, arguments).await);
        assert!(output.contains("USER_ID"), "{}: {output}", shell.name);
        product.assert_unchanged(&before).await;
    })
    .await;
}

async fn each_shell(test: impl AsyncFn(&Product, &Shell)) {
    for shell in installed() {
        product_with(Settings::with_mail_for_all(), async |product| test(product, &shell).await).await;
    }
}

async fn run(product: &Product, shell: &Shell, heading: &str, user: &Person) -> String {
    let script = format!("TABLE={}\nUSER_ID={}\n{}", product.table().await, user.user_id, commands(heading));
    shell.run("aws", &script, async |arguments| aws(product, arguments).await)
}

/// The commands under a heading.
fn commands(heading: &str) -> String {
    let blocks = markdown::fenced(markdown::section(OPERATIONS, heading));
    blocks.into_iter().map(|(_, commands)| commands).collect::<Vec<_>>().join("\n")
}

/// What a call of `aws dynamodb` prints, as far as the page goes.
async fn aws(product: &Product, arguments: Vec<String>) -> String {
    let mut arguments = arguments.iter().map(String::as_str);
    assert_eq!(arguments.next(), Some("dynamodb"));
    let operation = match arguments.next() {
        Some("query") => "Query",
        Some("delete-item") => "DeleteItem",
        other => panic!("unknown operation: {other:?}"),
    };
    let (mut request, mut query) = (Map::new(), None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        let parameter = match argument {
            "--consistent-read" => ("ConsistentRead", true.into()),
            "--table-name" => ("TableName", value().into()),
            "--key-condition-expression" => ("KeyConditionExpression", value().into()),
            "--expression-attribute-values" => ("ExpressionAttributeValues", json(value())),
            "--key" => ("Key", json(value())),
            "--query" => {
                query = Some(value());
                continue;
            }
            "--output" => {
                assert_eq!(value(), "text");
                continue;
            }
            other => panic!("unknown argument: {other}"),
        };
        request.insert(parameter.0.to_owned(), parameter.1);
    }
    let answer = product.call_dynamodb(&format!("DynamoDB_20120810.{operation}"), &request.into()).await;
    assert_eq!(answer["LastEvaluatedKey"], Value::Null, "a single page");
    match query {
        None if operation == "DeleteItem" => String::new(),
        None => json!({"Items": answer["Items"]}).to_string(),
        Some(query) => answer["Items"].as_array().expect("items").iter().map(|item| row(item, query)).collect(),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A line of text for an item: each is a list in the result of the query.
fn row(item: &Value, query: &str) -> String {
    let columns = query.strip_prefix("Items[].[").and_then(|rest| rest.strip_suffix(']')).expect("a list");
    let columns = columns.split(", ").map(|path| {
        item.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str).expect(path).to_owned()
    });
    columns.collect::<Vec<_>>().join("\t") + "\n"
}
