//! One conditional write of an item.
//!
//! Expressions write attributes as `#name` and values as `:name`. The map of names is made from the
//! expressions, so that no attribute collides with one of DynamoDB's reserved words.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use serde::Serialize;

use crate::store::{
    StoreError,
    table::{attribute::Attribute, keys::Key},
};

pub(in crate::store) type Item = HashMap<String, AttributeValue>;

/// A put, update, delete or condition check.
pub(in crate::store) struct Write {
    kind: Kind,
    key: Key,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
}

enum Kind {
    Put(Item),
    Update(&'static str),
    Delete,
    Check,
}

/// The item does not exist yet.
pub(in crate::store) const IS_NEW: &str = "attribute_not_exists(#pk)";
/// The item exists. Without this condition an update would create half an item.
pub(in crate::store) const EXISTS: &str = "attribute_exists(#pk)";

impl Write {
    pub(in crate::store) fn put(key: Key, item: &impl Serialize, condition: &'static str) -> Result<Self, StoreError> {
        let item = serde_dynamo::to_item(item).map_err(|_| StoreError::unwritable("an item"))?;
        Ok(Self::new(Kind::Put(item), key, condition))
    }

    pub(in crate::store) fn update(key: Key, change: &'static str, condition: &'static str) -> Self {
        Self::new(Kind::Update(change), key, condition)
    }

    pub(in crate::store) fn delete(key: Key, condition: &'static str) -> Self {
        Self::new(Kind::Delete, key, condition)
    }

    /// Writes nothing; the transaction is refused if the condition does not hold.
    pub(in crate::store) fn check(key: Key, condition: &'static str) -> Self {
        Self::new(Kind::Check, key, condition)
    }

    fn new(kind: Kind, key: Key, condition: &'static str) -> Self {
        Self { kind, key, condition, values: HashMap::new() }
    }

    /// Sets `:name` to a value.
    pub(in crate::store) fn value<V: Attribute + ?Sized>(mut self, name: &str, value: &V) -> Self {
        self.values.insert(format!(":{name}"), value.attribute());
        self
    }

    /// Sets `:name` to an object of the domain.
    pub(in crate::store) fn object(mut self, name: &str, object: &impl Serialize) -> Result<Self, StoreError> {
        let value = serde_dynamo::to_attribute_value(object).map_err(|_| StoreError::unwritable("an object"))?;
        self.values.insert(format!(":{name}"), value);
        Ok(self)
    }

    /// Returns every `#name` of the expressions with its attribute.
    fn names(&self) -> HashMap<String, String> {
        let change = if let Kind::Update(change) = self.kind { change } else { "" };
        let expressions = [change, self.condition];
        let after_hash = expressions.iter().flat_map(|expression| expression.split('#').skip(1));
        let name = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        after_hash.map(|rest| (format!("#{}", name(rest)), name(rest))).collect()
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// Returns the update as a call of its own.
    pub(in crate::store) fn into_update(self, client: &Client, table: &str) -> UpdateItemFluentBuilder {
        let change = if let Kind::Update(change) = self.kind { change } else { "" };
        client
            .update_item()
            .table_name(table)
            .update_expression(change)
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(self.values())
            .set_key(Some(self.key.attributes()))
    }

    /// Returns the write as an item of a transaction.
    pub(in crate::store) fn into_transact_item(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let (names, values, condition) = (Some(self.names()), self.values(), self.condition);
        let item = TransactWriteItem::builder();
        let item = match self.kind {
            Kind::Put(mut attributes) => {
                attributes.extend(self.key.attributes());
                let put = Put::builder().table_name(table).set_item(Some(attributes)).condition_expression(condition);
                item.put(put.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?)
            }
            Kind::Update(change) => {
                let update = Update::builder().table_name(table).set_key(Some(self.key.attributes()));
                let update = update.update_expression(change).condition_expression(condition);
                item.update(
                    update.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?,
                )
            }
            Kind::Delete => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.attributes()))
                    .condition_expression(condition);
                item.delete(
                    delete.set_expression_attribute_names(names).set_expression_attribute_values(values).build()?,
                )
            }
            Kind::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(Some(self.key.attributes()));
                let check = check.condition_expression(condition);
                let check = check.set_expression_attribute_names(names).set_expression_attribute_values(values);
                item.condition_check(check.build()?)
            }
        };
        Ok(item.build())
    }
}
