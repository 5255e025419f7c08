//! The functions' table is in `MiniStack`, another implementation of DynamoDB, which
//! `.ci/ministack` starts. dynoxide.rs has the same functions for the usual implementation.
//!
//! Each product has its own table in `MiniStack`, a copy of the one that its stack made from
//! template.yaml. The stream is not read. Instead, pending emails are found by scanning the table.

use std::future::{Ready, ready};

use aws_sdk_dynamodb::types::{BillingMode, TimeToLiveSpecification};
use local::Stack;
use serde_json::{Value, json, value::to_raw_value};

use super::{Item, Product, table};

/// The URL of `MiniStack`, as `.ci/ministack` starts it.
const URL: &str = "http://127.0.0.1:4599";

/// Returns the variables with which the functions use a table of their own in `MiniStack`.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    vec![("AWS_ENDPOINT_URL_DYNAMODB", URL.to_owned()), ("TABLE_NAME", uuid::Uuid::new_v4().to_string())]
}

pub(super) fn url(_: &Stack) -> &str {
    URL
}

pub(super) fn table_name(product: &Product) -> Ready<String> {
    let variables = product.stack.environment("create-user").expect("a function");
    ready(variables["TABLE_NAME"].clone())
}

/// Creates the table in `MiniStack`.
pub(super) async fn create_table(product: &Product) {
    let original = table::client(product.stack.dynamodb_url());
    let tables = original.list_tables().send().await.expect("the tables");
    let name = tables.table_names().first().expect("a table");
    let original = original.describe_table().table_name(name).send().await.expect("the table");
    let original = original.table().expect("a description");
    let (ministack, name) = (product.dynamodb(), product.table().await);
    ministack
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(original.key_schema.clone())
        .set_attribute_definitions(original.attribute_definitions.clone())
        .set_stream_specification(original.stream_specification.clone())
        .send()
        .await
        .expect("a table");
    let time_to_live = TimeToLiveSpecification::builder().attribute_name("expiresAt").enabled(true);
    let time_to_live = time_to_live.build().expect("a specification");
    let enable = ministack.update_time_to_live().table_name(name);
    enable.time_to_live_specification(time_to_live).send().await.expect("time to live");
}

/// Invokes the sender of every item with a pending email, as if the stream had just delivered it.
pub(super) async fn send_pending_emails(product: &Product) {
    let is_pending =
        |item: &Item| matches!(item.text("sk"), "CODE" | "NOTICE") && !item.has("mailedAt") && !item.has("leasedUntil");
    let mut pending: Vec<_> = product.items().await.into_iter().filter(is_pending).collect();
    pending.sort_by_key(|item| item.number("createdAt"));
    for item in pending {
        let image = item.image();
        let record = json!({
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image, "SequenceNumber": "1"},
        });
        let batch = to_raw_value(&json!({"Records": [record]})).expect("JSON");
        let function = if item.text("sk") == "CODE" { "send-mail" } else { "send-notices" };
        let output = product.stack.invoke(function, &batch).await.expect("an output");
        let output: Value = serde_json::from_str(output.get()).expect("JSON");
        assert!(output["batchItemFailures"].is_array(), "{output}");
    }
}
