//! Records of the table's stream, as Lambda hands them over (Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB").

use serde::{Deserialize, de::DeserializeOwned};
use serde_dynamo::{AttributeValue, Item};
use serde_json::value::RawValue;
use shared::{notice::Notice, verification::Verification};

/// What a record asks to be mailed.
pub(crate) enum Record {
    /// A code was asked for.
    Verification(Box<Verification>),
    /// Something was done to an account.
    Notice(Box<Notice>),
    /// Nothing: not a new item, or of another kind. The event source's filter keeps these away; one that it lets through does no harm.
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
struct Place {
    dynamodb: Sequenced,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sequenced {
    sequence_number: String,
}

/// Where in the stream a record stands; readable even where the rest is not. Empty, which means the whole batch, if not.
pub(crate) fn sequence_number(raw: &RawValue) -> String {
    serde_json::from_str::<Place>(raw.get()).map(|place| place.dynamodb.sequence_number).unwrap_or_default()
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

fn item<Row: DeserializeOwned>(image: Option<Item>) -> Result<Box<Row>, &'static str> {
    let image = image.ok_or("the record has no new image")?;
    serde_dynamo::from_item(image).map(Box::new).map_err(|_| "the item cannot be read")
}
