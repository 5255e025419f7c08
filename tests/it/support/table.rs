//! The table as it lies in DynamoDB, for what no answer shows.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::AttributeValue,
};

use super::Product;

/// An item of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

impl Item {
    /// A string; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.as_bool() == Ok(&true))
    }

    pub(crate) fn list(&self, name: &str) -> &[AttributeValue] {
        self.0.get(name).and_then(|value| value.as_l().ok()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl Product {
    /// A client of the table, past the functions.
    pub(crate) fn dynamodb(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(self.stack.dynamodb_url())
            .http_client(shared::http_client(Some(self.stack.dynamodb_url())));
        Client::from_conf(config.build())
    }

    /// Everything that is stored.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let table = self.table().await;
        let scan = self.dynamodb().scan().table_name(table).consistent_read(true).into_paginator().items().send();
        scan.collect::<Result<Vec<_>, _>>().await.expect("a scan").into_iter().map(Item).collect()
    }

    /// The table's name.
    pub(crate) async fn table(&self) -> String {
        let tables = self.dynamodb().list_tables().send().await.expect("the tables");
        tables.table_names().first().expect("a table").clone()
    }
}
