//! The table in DynamoDB, for checks that no response allows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::AttributeValue,
};
use serde_json::{Map, Value, json};

use super::{Product, database};

/// An item of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

impl Item {
    /// Returns a string attribute; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
    }

    /// Returns an integer attribute.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    /// Returns an integer member of an attribute that is an object.
    pub(crate) fn number_in(&self, name: &str, member: &str) -> Option<i64> {
        self.0.get(name)?.as_m().ok()?.get(member)?.as_n().ok()?.parse().ok()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.as_bool() == Ok(&true))
    }

    pub(crate) fn list(&self, name: &str) -> &[AttributeValue] {
        self.0.get(name).and_then(|value| value.as_l().ok()).map_or(&[], Vec::as_slice)
    }

    /// Returns the members of a set of strings; none if there is no set.
    pub(crate) fn set(&self, name: &str) -> &[String] {
        self.0.get(name).and_then(|value| value.as_ss().ok()).map_or(&[], Vec::as_slice)
    }

    /// Returns the prefixes of the key: `USER/EMAIL`.
    fn kind(&self) -> String {
        let word = |name| self.text(name).split('#').next().unwrap_or_default();
        format!("{}/{}", word("pk"), word("sk"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the attributes with their types as DynamoDB calls them: `S`, `L of N`.
    pub(crate) fn types(&self) -> BTreeMap<&str, String> {
        self.0.iter().map(|(name, value)| (name.as_str(), kind(value))).collect()
    }

    /// Returns the item as JSON with DynamoDB's types, as in a record of the stream.
    pub(crate) fn image(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.clone(), typed(value))).collect::<Map<_, _>>().into()
    }

    /// Returns the item as JSON without DynamoDB's types.
    pub(crate) fn json(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>().into()
    }
}

/// The items of the table at some time, by their keys.
pub(crate) struct Contents(BTreeMap<String, Item>);

impl Contents {
    /// Asserts that the chosen items are the same, and shows only the differences.
    fn assert_same(&self, after: &Self, of: impl Fn(&str) -> bool) {
        let keys: BTreeSet<_> = self.0.keys().chain(after.0.keys()).filter(|key| of(key)).collect();
        let changed: Vec<_> = keys.into_iter().filter(|key| self.0.get(*key) != after.0.get(*key)).collect();
        let shown = changed.iter().map(|key| (self.0.get(*key), after.0.get(*key)));
        assert!(changed.is_empty(), "written: {:#?}", shown.collect::<Vec<_>>());
    }
}

impl Contents {
    fn without_tries(&self) -> Self {
        let mut items = self.0.clone();
        for item in items.values_mut() {
            item.0.remove("tries");
        }
        Self(items)
    }

    pub(crate) fn items(&self) -> Vec<Item> {
        self.0.values().cloned().collect()
    }

    /// Returns the item with this key, which has both parts.
    pub(crate) fn item(&self, key: &str) -> Option<&Item> {
        self.0.get(key)
    }

    /// Describes the changes since an earlier time by the kinds of the items, so that the same
    /// actions of different users give the same text. Counters of requests and guesses are left
    /// out.
    pub(crate) fn since(&self, before: &Self) -> Vec<String> {
        let keys: BTreeSet<_> = self.0.keys().chain(before.0.keys()).collect();
        let mut changes: Vec<_> =
            keys.into_iter().filter_map(|key| change(before.0.get(key), self.0.get(key))).collect();
        changes.sort();
        changes
    }
}

fn change(before: Option<&Item>, after: Option<&Item>) -> Option<String> {
    let kind = after.or(before)?.kind();
    match (before, after) {
        _ if kind == "RATE_LIMIT/HOUR" => None,
        (None, Some(new)) => (kind != "RATE_LIMIT/RATE_LIMIT" || new.has("sent")).then(|| format!("new {kind}")),
        (Some(old), Some(new)) => {
            let counts: &[&str] = match kind.as_str() {
                "CODE/CODE" => &["tries"],
                "RATE_LIMIT/RATE_LIMIT" => &["wrongGuesses", "version", "expiresAt"],
                _ => &[],
            };
            let names: BTreeSet<_> = old.0.keys().chain(new.0.keys()).map(String::as_str).collect();
            let differs = |name: &&str| old.0.get(*name) != new.0.get(*name) && !counts.contains(name);
            let changed: Vec<_> = names.into_iter().filter(differs).collect();
            (!changed.is_empty()).then(|| format!("changed {kind}: {}", changed.join(", ")))
        }
        (Some(_), None) => Some(format!("gone {kind}")),
        (None, None) => None,
    }
}

impl Product {
    /// Returns a client of the table that does not use the functions.
    pub(crate) fn dynamodb(&self) -> Client {
        self.dynamodb.get_or_init(|| client(self.dynamodb_url())).clone()
    }

    /// Returns all items.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let table = self.table().await;
        let scan = self.dynamodb().scan().table_name(table).consistent_read(true).into_paginator().items().send();
        scan.collect::<Result<Vec<_>, _>>().await.expect("a scan").into_iter().map(Item).collect()
    }

    /// Returns all items once pending emails were sent, for [`Product::assert_unchanged`].
    pub(crate) async fn contents(&self) -> Contents {
        self.delivered().await;
        let items = self.items().await.into_iter();
        Contents(items.map(|item| (format!("{} {}", item.text("pk"), item.text("sk")), item)).collect())
    }

    /// Asserts that nothing was written since.
    pub(crate) async fn assert_unchanged(&self, before: &Contents) {
        before.assert_same(&self.contents().await, |_| true);
    }

    /// As [`Product::assert_unchanged`], except for the counters of requests, which a refused one
    /// may change.
    pub(crate) async fn assert_unchanged_but_rate_limits(&self, before: &Contents) {
        before.assert_same(&self.contents().await, |key| !key.starts_with("RATE_LIMIT#"));
    }

    /// As [`Product::assert_unchanged_but_rate_limits`], and except for the tries of codes.
    pub(crate) async fn assert_unchanged_but_counters(&self, before: &Contents) {
        let after = self.contents().await;
        before.without_tries().assert_same(&after.without_tries(), |key| !key.starts_with("RATE_LIMIT#"));
    }

    /// Returns the name of the table.
    pub(crate) async fn table(&self) -> String {
        database::table_name(self).await
    }
}

pub(super) fn client(url: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(url)
        .http_client(shared::runtime::http_client::http_client(Some(url)));
    Client::from_conf(config.build())
}

fn kind(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(_) => "S".to_owned(),
        AttributeValue::N(_) => "N".to_owned(),
        AttributeValue::Bool(_) => "BOOL".to_owned(),
        AttributeValue::L(values) => match values.first() {
            Some(value) => format!("L of {}", kind(value)),
            None => "L".to_owned(),
        },
        AttributeValue::M(_) => "M".to_owned(),
        AttributeValue::Ss(_) => "SS".to_owned(),
        other => panic!("a type that no item has: {other:?}"),
    }
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(number) => number.parse::<i64>().expect("a whole number").into(),
        AttributeValue::Bool(truth) => (*truth).into(),
        AttributeValue::L(list) => list.iter().map(plain).collect(),
        AttributeValue::M(map) => map.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        AttributeValue::Ss(set) => set.iter().map(String::as_str).collect(),
        other => panic!("a type that is never stored: {other:?}"),
    }
}

fn typed(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(truth) => json!({"BOOL": truth}),
        AttributeValue::Ss(set) => json!({"SS": set}),
        AttributeValue::L(list) => json!({"L": list.iter().map(typed).collect::<Vec<_>>()}),
        AttributeValue::M(map) => {
            json!({"M": map.iter().map(|(name, value)| (name.clone(), typed(value))).collect::<serde_json::Map<_, _>>()})
        }
        other => panic!("a type that is never stored: {other:?}"),
    }
}
