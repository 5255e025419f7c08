//! The template's table.

use serde_norway::Value;

use super::resolve::Scope;
use crate::error::StartError;

/// The table as the template declares it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Pairs of an attribute and `HASH` or `RANGE`.
    pub(crate) key_schema: Vec<(String, String)>,
    /// Pairs of an attribute and `S`, `N` or `B`.
    pub(crate) attributes: Vec<(String, String)>,
    /// The attribute with the time at which an item expires, if time to live is enabled.
    pub(crate) time_to_live: Option<String>,
    pub(crate) stream_view_type: Option<String>,
}

impl Table {
    pub(super) fn read(scope: &Scope<'_>, id: &str, resource: &Value) -> Result<Self, StartError> {
        let properties = resource.get("Properties").ok_or_else(|| StartError::template(id, "has no Properties"))?;
        for unsupported in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            if properties.get(unsupported).is_some() {
                let problem = format!("the local stack does not create {unsupported}");
                return Err(StartError::template(id, problem));
            }
        }
        let pairs = |property: &str, second: &str| -> Result<Vec<(String, String)>, StartError> {
            let place = format!("{id}.{property}");
            let list = properties.get(property).ok_or_else(|| StartError::template(&place, "is missing"))?;
            scope
                .list(&place, list)?
                .iter()
                .map(|item| match (item.get("AttributeName"), item.get(second)) {
                    (Some(name), Some(value)) => Ok((scope.text(&place, name)?, scope.text(&place, value)?)),
                    _ => Err(StartError::template(&place, format!("needs AttributeName and {second}"))),
                })
                .collect()
        };
        let nested = |group: &str, property: &str| -> Result<Option<String>, StartError> {
            match properties.get(group).and_then(|group| group.get(property)) {
                Some(value) => scope.optional_text(&format!("{id}.{group}.{property}"), value),
                None => Ok(None),
            }
        };
        let is_enabled = nested("TimeToLiveSpecification", "Enabled")?.as_deref() == Some("true");
        Ok(Self {
            name: scope.resource_name(id, id)?,
            key_schema: pairs("KeySchema", "KeyType")?,
            attributes: pairs("AttributeDefinitions", "AttributeType")?,
            time_to_live: nested("TimeToLiveSpecification", "AttributeName")?.filter(|_| is_enabled),
            stream_view_type: nested("StreamSpecification", "StreamViewType")?,
        })
    }
}
