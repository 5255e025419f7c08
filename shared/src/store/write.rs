//! One write: of which item, what, and under which condition.
//!
//! In expressions an attribute is written `#name` and a value `:name`; the map of names is made from the expressions, so no
//! attribute can collide with one of DynamoDB's hundreds of reserved words.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use serde::Serialize;

use super::{attribute::Attribute, fault::Fault, keys::Key};

pub(super) type Item = HashMap<String, AttributeValue>;

/// A put, update, delete or check, with its condition.
pub(super) struct Write {
    what: What,
    key: Key,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
}

enum What {
    Put(Item),
    Update(&'static str),
    Delete,
    Check,
}

/// There is no such item yet.
pub(super) const IS_NEW: &str = "attribute_not_exists(#pk)";
/// There is one: without this, an update would make half an item.
pub(super) const EXISTS: &str = "attribute_exists(#pk)";

impl Write {
    pub(super) fn put(key: Key, row: &impl Serialize, condition: &'static str) -> Result<Self, Fault> {
        let item = serde_dynamo::to_item(row).map_err(|_| Fault::unwritable("a row"))?;
        Ok(Self::new(What::Put(item), key, condition))
    }

    pub(super) fn update(key: Key, change: &'static str, condition: &'static str) -> Self {
        Self::new(What::Update(change), key, condition)
    }

    pub(super) fn delete(key: Key, condition: &'static str) -> Self {
        Self::new(What::Delete, key, condition)
    }

    /// Writes nothing, but its condition must hold for the rest of the transaction.
    pub(super) fn check(key: Key, condition: &'static str) -> Self {
        Self::new(What::Check, key, condition)
    }

    fn new(what: What, key: Key, condition: &'static str) -> Self {
        Self { what, key, condition, values: HashMap::new() }
    }

    /// What `:name` stands for.
    pub(super) fn value<V: Attribute + ?Sized>(mut self, name: &str, value: &V) -> Self {
        self.values.insert(format!(":{name}"), value.attribute());
        self
    }

    /// Sets `:name` to an object of the domain.
    pub(super) fn object(mut self, name: &str, object: &impl Serialize) -> Result<Self, Fault> {
        let value = serde_dynamo::to_attribute_value(object).map_err(|_| Fault::unwritable("an object"))?;
        self.values.insert(format!(":{name}"), value);
        Ok(self)
    }

    /// Every `#name` of the expressions, and the attribute that it means.
    fn names(&self) -> HashMap<String, String> {
        let change = if let What::Update(change) = self.what { change } else { "" };
        let expressions = [change, self.condition];
        let after_hash = expressions.iter().flat_map(|expression| expression.split('#').skip(1));
        let name = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        after_hash.map(|rest| (format!("#{}", name(rest)), name(rest))).collect()
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// As a call of its own.
    pub(super) fn into_update(self, client: &Client, table: &str) -> UpdateItemFluentBuilder {
        let change = if let What::Update(change) = self.what { change } else { "" };
        client
            .update_item()
            .table_name(table)
            .update_expression(change)
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(self.values())
            .set_key(Some(self.key.attributes()))
    }

    /// As part of a transaction.
    pub(super) fn into_part(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let (names, values, condition) = (Some(self.names()), self.values(), self.condition);
        let part = TransactWriteItem::builder();
        let part = match self.what {
            What::Put(mut item) => {
                item.extend(self.key.attributes());
                let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression(condition);
                part.put(put.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?)
            }
            What::Update(change) => {
                let update = Update::builder().table_name(table).set_key(Some(self.key.attributes()));
                let update = update.update_expression(change).condition_expression(condition);
                part.update(
                    update.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?,
                )
            }
            What::Delete => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.attributes()))
                    .condition_expression(condition);
                part.delete(
                    delete.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?,
                )
            }
            What::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(Some(self.key.attributes()));
                let check = check.condition_expression(condition);
                let check = check.set_expression_attribute_names(names).set_expression_attribute_values(values);
                part.condition_check(check.build()?)
            }
        };
        Ok(part.build())
    }
}
