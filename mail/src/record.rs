//! Records of the table's stream, as Lambda delivers them (Lambda Developer Guide, "Using AWS
//! Lambda with Amazon DynamoDB").

use serde::{Deserialize, de::DeserializeOwned};
use serde_dynamo::{AttributeValue, Item};
use serde_json::value::RawValue;
use shared::domain::{notice::Notice, verification::Verification};

/// The email that a record asks for.
#[derive(Debug)]
pub enum Record {
    /// A code was requested.
    Verification(Box<Verification>),
    /// An account was changed.
    Notice(Box<Notice>),
    /// None: the item is not new, or of another kind. The filter of the event source excludes
    /// these; one that gets through does no harm.
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    event_name: String,
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: Item,
    new_image: Option<Item>,
}

#[derive(Deserialize)]
struct Position {
    dynamodb: Sequenced,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sequenced {
    sequence_number: String,
}

/// Returns the position of a record in the stream, even if the rest is not readable. An empty one
/// means the whole batch.
pub(crate) fn sequence_number(raw: &RawValue) -> String {
    serde_json::from_str::<Position>(raw.get()).map(|position| position.dynamodb.sequence_number).unwrap_or_default()
}

impl Record {
    pub(crate) fn read(raw: &RawValue) -> Result<Self, &'static str> {
        let record: Raw = serde_json::from_str(raw.get()).map_err(|_| "not a DynamoDB stream record")?;
        if record.event_name != "INSERT" {
            return Ok(Self::Other);
        }
        let Some(AttributeValue::S(pk)) = record.dynamodb.keys.get("pk") else { return Ok(Self::Other) };
        let kind = pk.split_once('#').map(|(kind, _)| kind);
        match kind {
            Some("CODE") => item(record.dynamodb.new_image).map(Self::Verification),
            Some("NOTICE") => item(record.dynamodb.new_image).map(Self::Notice),
            _ => Ok(Self::Other),
        }
    }
}

fn item<T: DeserializeOwned>(image: Option<Item>) -> Result<Box<T>, &'static str> {
    let image = image.ok_or("the record has no new image")?;
    serde_dynamo::from_item(image).map(Box::new).map_err(|_| "the item cannot be read")
}
