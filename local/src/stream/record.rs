//! Stream records in the form in which Lambda passes them to a function.

use dynoxide::actions::get_records::Record;
use serde_json::{Value, json};

use crate::template::REGION;

/// A record of the table's stream.
pub(super) struct StreamRecord {
    /// The record's position in the stream, by which a function reports it as failed.
    pub(super) sequence_number: String,
    /// The time of the write in seconds since the Unix epoch.
    pub(super) written_at: i64,
    /// The record in the form that the filters and the function receive.
    pub(super) event: Value,
}

impl StreamRecord {
    pub(super) fn new(record: &Record, stream_arn: &str) -> Self {
        let change = &record.dynamodb;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole seconds, which DynamoDB writes as a number with a fraction"
        )]
        let written_at = change.approximate_creation_date_time as i64;
        let mut dynamodb = json!({
            "ApproximateCreationDateTime": written_at,
            "Keys": change.keys,
            "SequenceNumber": change.sequence_number,
            "SizeBytes": change.size_bytes,
            "StreamViewType": change.stream_view_type,
        });
        for (name, image) in [("NewImage", &change.new_image), ("OldImage", &change.old_image)] {
            if let (Some(image), Some(fields)) = (image, dynamodb.as_object_mut()) {
                fields.insert(name.to_owned(), json!(image));
            }
        }
        let mut event = json!({
            "eventID": record.event_id,
            "eventName": record.event_name,
            "eventVersion": record.event_version,
            "eventSource": record.event_source,
            "awsRegion": REGION,
            "dynamodb": dynamodb,
            "eventSourceARN": stream_arn,
        });
        // Only records of items that time to live has deleted have a user identity.
        if let (Some(identity), Some(fields)) = (&record.user_identity, event.as_object_mut()) {
            let identity = json!({"type": identity.identity_type, "principalId": identity.principal_id});
            fields.insert("userIdentity".to_owned(), identity);
        }
        Self { sequence_number: change.sequence_number.clone(), written_at, event }
    }
}
