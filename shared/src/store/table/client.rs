//! The DynamoDB client, and the calls that the store needs.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue},
};
use serde::de::DeserializeOwned;

use crate::{
    config::Aws,
    runtime::http_client::http_client,
    store::{
        Store, StoreError,
        table::{
            backoff::Backoff,
            keys::Key,
            write::{Item, Write},
        },
    },
};

// A handler has eight seconds (edge/endpoint.rs): a call ends before, and leaves time for a
// response.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// A request has at most three calls at once, so that a process has three idle connections. While a
/// process is frozen, all of them can be closed without a notice: the fourth attempt opens a new
/// one.
const MAX_ATTEMPTS: u32 = 4;

/// An update counts again with each attempt whose response is lost: a try of a code, for example.
/// The functions that begin with updates have at most two idle connections.
const MAX_ATTEMPTS_OF_UPDATES: u32 = 3;

pub(in crate::store) fn new(aws: &Aws) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let credentials =
        Credentials::new(&aws.access_key_id, &aws.secret_access_key, aws.session_token.clone(), None, "environment");
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(http_client(aws.dynamodb_url.as_deref()))
        .retry_config(retries(MAX_ATTEMPTS))
        .timeout_config(timeouts);
    config.set_endpoint_url(aws.dynamodb_url.clone());
    Client::from_conf(config.build())
}

fn retries(max_attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(max_attempts).with_initial_backoff(Duration::from_millis(50))
}

impl Store {
    /// Warms up the connection and the SDK by reading a key that never exists (0.5 RCU).
    ///
    /// # Errors
    /// If DynamoDB fails; a later call can still succeed.
    pub async fn connect(&self) -> Result<(), StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(Key::nonexistent().attributes()));
        get.send().await.map(drop).map_err(|error| StoreError::of("GetItem", &error))
    }

    /// Reads one item.
    pub(in crate::store) async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes())).consistent_read(true);
        let output = get.send().await.map_err(|error| StoreError::of("GetItem", &error))?;
        output.item.map(from_item).transpose()
    }

    /// Reads the items of a partition whose sort key has a prefix, in descending order.
    ///
    /// The items of a query are not a snapshot. In descending order, `USER` is read before the
    /// items whose version it holds: a change in between yields an old version with newer items,
    /// and a later write with that version is refused.
    pub(in crate::store) async fn query(&self, pk: String, sk_prefix: &'static str) -> Result<Vec<Item>, StoreError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true).scan_index_forward(false);
        let query = if sk_prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", AttributeValue::S(sk_prefix.to_owned()))
        };
        let mut pages = query.expression_attribute_values(":pk", AttributeValue::S(pk)).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| StoreError::of("Query", &error))?);
        }
        Ok(items)
    }

    /// Updates one item and returns it as it is afterwards, or `None` if the condition does not
    /// hold.
    ///
    /// A conflict with a transaction in progress is retried here, because the SDK does not retry
    /// it.
    pub(in crate::store) async fn update<T: DeserializeOwned>(&self, write: Write) -> Result<Option<T>, StoreError> {
        let update = write.into_update(&self.client, &self.table).return_values(ReturnValue::AllNew);
        let mut backoff = Backoff::default();
        loop {
            let config = aws_sdk_dynamodb::Config::builder().retry_config(retries(MAX_ATTEMPTS_OF_UPDATES));
            let error = match update.clone().customize().config_override(config).send().await {
                Ok(output) => return output.attributes.map(from_item).transpose(),
                Err(error) => error,
            };
            let service = error.as_service_error();
            if service.is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
                return Ok(None);
            }
            let is_contended = service.is_some_and(UpdateItemError::is_transaction_conflict_exception);
            if !is_contended || !backoff.wait().await {
                return Err(StoreError::of("UpdateItem", &error));
            }
        }
    }
}

/// Reads a stored item as a value of the domain.
pub(in crate::store) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|_| StoreError::unreadable(std::any::type_name::<T>()))
}
