//! The DynamoDB client, and the three ways of asking that the acts need.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue},
};
use serde::de::DeserializeOwned;

use super::{
    Store,
    fault::Fault,
    keys::Key,
    retry::Backoff,
    write::{Item, Write},
};
use crate::{config::Aws, http_client};

/// A handler has eight seconds (edge); three attempts of a call fit in, and then there is still time to say so.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_millis(1500);
const OPERATION: Duration = Duration::from_secs(5);

pub(super) fn new(aws: &Aws) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let credentials =
        Credentials::new(&aws.access_key_id, &aws.secret_access_key, aws.session_token.clone(), None, "environment");
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(http_client(aws.dynamodb_url.as_deref()))
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
        .timeout_config(timeouts);
    config.set_endpoint_url(aws.dynamodb_url.clone());
    Client::from_conf(config.build())
}

impl Store {
    /// Opens a connection, which the next call finds open, with all that the SDK makes once. Reads an item that never is, half a unit.
    ///
    /// # Errors
    /// The store's faults; a later call may succeed nonetheless.
    pub(crate) async fn connect(&self) -> Result<(), Fault> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(Key::nothing().attributes()));
        get.send().await.map(drop).map_err(|error| Fault::of("GetItem", &error))
    }

    /// One item, as it is now.
    pub(super) async fn get<Row: DeserializeOwned>(&self, key: Key) -> Result<Option<Row>, Fault> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes())).consistent_read(true);
        let output = get.send().await.map_err(|error| Fault::of("GetItem", &error))?;
        output.item.map(row).transpose()
    }

    /// All items of a partition whose sort key begins so, as they are now, the last first.
    ///
    /// Each item is read committed, but not all of them at one moment. Backwards, `USER` comes before what it holds together: a change
    /// that falls in between leaves an old version with newer items, which no later write takes for the current one.
    pub(super) async fn query(&self, pk: String, sk_begins: &'static str) -> Result<Vec<Item>, Fault> {
        let query = self.client.query().table_name(&self.table).consistent_read(true).scan_index_forward(false);
        let query = if sk_begins.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", AttributeValue::S(sk_begins.to_owned()))
        };
        let mut pages = query.expression_attribute_values(":pk", AttributeValue::S(pk)).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| Fault::of("Query", &error))?);
        }
        Ok(items)
    }

    /// Changes one item and returns it as it is after; `None` if its condition doesn't hold.
    ///
    /// An item that a transaction has at this moment is refused to everybody else, which the SDK doesn't retry: so it is retried here.
    pub(super) async fn update<Row: DeserializeOwned>(&self, write: Write) -> Result<Option<Row>, Fault> {
        let update = write.into_update(&self.client, &self.table).return_values(ReturnValue::AllNew);
        let mut backoff = Backoff::default();
        loop {
            let error = match update.clone().send().await {
                Ok(output) => return output.attributes.map(row).transpose(),
                Err(error) => error,
            };
            let service = error.as_service_error();
            if service.is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
                return Ok(None);
            }
            let is_contended = service.is_some_and(UpdateItemError::is_transaction_conflict_exception);
            if !is_contended || !backoff.wait().await {
                return Err(Fault::of("UpdateItem", &error));
            }
        }
    }
}

/// A stored item as what it is.
pub(super) fn row<Row: DeserializeOwned>(item: Item) -> Result<Row, Fault> {
    serde_dynamo::from_item(item).map_err(|_| Fault::unreadable(std::any::type_name::<Row>()))
}
