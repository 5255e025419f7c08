//! The functions' table is not in dynoxide but in `MiniStack`, another implementation of DynamoDB,
//! which `.ci/ministack` starts.
//!
//! Each product has its own table there, a copy of the one that its stack made from template.yaml.
//! The stream is not read. Instead, pending emails are found by scanning the table.

use aws_sdk_dynamodb::types::{BillingMode, TimeToLiveSpecification};
use serde_json::{Value, json, value::to_raw_value};

use super::{Item, Product};

/// The URL of `MiniStack`, as `.ci/ministack` starts it.
pub(super) const URL: &str = "http://127.0.0.1:4599";

impl Product {
    /// Creates the table.
    pub(super) async fn furnish(&self) {
        let here = super::table::client(self.stack.dynamodb_url());
        let tables = here.list_tables().send().await.expect("the tables");
        let name = tables.table_names().first().expect("a table");
        let table = here.describe_table().table_name(name).send().await.expect("the table");
        let table = table.table().expect("a description");
        let there = self.dynamodb();
        there
            .create_table()
            .table_name(self.table().await)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(table.key_schema.clone())
            .set_attribute_definitions(table.attribute_definitions.clone())
            .set_stream_specification(table.stream_specification.clone())
            .send()
            .await
            .expect("a table");
        let time_to_live = TimeToLiveSpecification::builder().attribute_name("expiresAt").enabled(true);
        let time_to_live = time_to_live.build().expect("a specification");
        let enable = there.update_time_to_live().table_name(self.table().await);
        enable.time_to_live_specification(time_to_live).send().await.expect("time to live");
    }

    /// Invokes send-mail for every item with a pending email, as if the stream had just delivered
    /// it.
    pub(super) async fn work_off_the_outbox(&self) {
        let waits = |item: &Item| {
            let kind = item.text("sk");
            (kind == "CODE" || kind == "NOTICE") && !item.has("mailedAt") && !item.has("leasedUntil")
        };
        let mut waiting: Vec<_> = self.items().await.into_iter().filter(waits).collect();
        waiting.sort_by_key(|item| item.number("createdAt"));
        for item in waiting {
            let image = item.image();
            let record = json!({
                "eventName": "INSERT",
                "dynamodb": {"Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image, "SequenceNumber": "1"},
            });
            let batch = to_raw_value(&json!({"Records": [record]})).expect("JSON");
            let answer = self.stack.invoke("send-mail", &batch).await.expect("a response");
            let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
            assert!(answer["batchItemFailures"].is_array(), "{answer}");
        }
    }
}
