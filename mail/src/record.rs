//! Records of the table's stream, as Lambda delivers them (Lambda Developer Guide, "Using AWS
//! Lambda with Amazon DynamoDB").

use serde::{Deserialize, de::DeserializeOwned};
use serde_dynamo::{AttributeValue, Item};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
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

/// Returns the item of a record, or `None` if it is not new or of another kind. The filter of the
/// event source excludes these; one that gets through does no harm.
pub(crate) fn new_item<T: DeserializeOwned>(raw: &RawValue, kind: &str) -> Result<Option<T>, &'static str> {
    let record: Record = serde_json::from_str(raw.get()).map_err(|_| "not a DynamoDB stream record")?;
    if record.event_name != "INSERT" {
        return Ok(None);
    }
    let Some(AttributeValue::S(pk)) = record.dynamodb.keys.get("pk") else { return Ok(None) };
    if pk.split_once('#').is_none_or(|(prefix, _)| prefix != kind) {
        return Ok(None);
    }
    let image = record.dynamodb.new_image.ok_or("the record has no new image")?;
    serde_dynamo::from_item(image).map(Some).map_err(|_| "the item cannot be read")
}
