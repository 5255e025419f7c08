//! DynamoDB: the template's table in dynoxide (DynamoDB on SQLite), in memory or in a file, served
//! over HTTP.

mod file;
mod guard;

use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use dynoxide::actions::{
    create_table::CreateTableRequest, describe_stream::DescribeStreamRequest, describe_table::DescribeTableRequest,
    describe_time_to_live::DescribeTimeToLiveRequest, get_records::GetRecordsRequest, get_records::Record,
    get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
    update_time_to_live::TimeToLiveSpecification, update_time_to_live::UpdateTimeToLiveRequest,
};
use dynoxide::{Database, DynoxideError};
use serde_json::json;
use shared::Timestamp;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::data::Storage;
use crate::error::StartError;
use crate::template::{ACCOUNT, REGION, Table};

/// The database with its single table. Clones share it.
#[derive(Clone)]
pub(crate) struct DynamoDb {
    database: Database,
    table: String,
    stream: Option<Stream>,
    clock: Clock,
    /// Keeps other processes from opening the database.
    _lock: Option<Arc<File>>,
}

#[derive(Clone)]
struct Stream {
    /// The ARN by which dynoxide knows the stream.
    arn: String,
    shard: String,
    label: String,
}

impl DynamoDb {
    /// Opens the database, and creates the template's table if it does not exist.
    pub(crate) fn open(storage: &Storage, table: &Table, clock: &Clock) -> Result<Self, StartError> {
        let (database, clock) = match &storage.directory {
            None => (Database::memory_with_clock(Arc::new(clock.clone())).map_err(refused)?, clock.clone()),
            // dynoxide accepts another clock only in memory.
            Some(directory) => (open_file(directory)?, Clock::system()),
        };
        match existing_table(&database, &table.name)? {
            None => create(&database, table)?,
            Some(existing) if existing == Shape::of(table) => {}
            Some(_) => {
                let problem = "the table there is not the template's; move its data away, or use another directory";
                return Err(StartError::Database(problem.to_owned()));
            }
        }
        enable_time_to_live(&database, table)?;
        if let Some(directory) = &storage.directory {
            file::prepare_stream(directory, clock.now()).map_err(refused)?;
        }
        let stream = match table.stream_view_type {
            Some(_) => Some(stream_of(&database, &table.name)?),
            None => None,
        };
        Ok(Self { database, table: table.name.clone(), stream, clock, _lock: storage.lock.clone() })
    }

    /// Returns the time of the clock that the database uses.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the stream's ARN as Lambda would put it into an event.
    pub(crate) fn stream_arn(&self) -> String {
        let label = self.stream.as_ref().map_or("", |stream| &stream.label);
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}/stream/{label}", self.table)
    }

    /// Returns the stream's records after this sequence number, or from its beginning without one.
    pub(crate) fn stream_records_after(&self, position: Option<&str>) -> Result<Vec<Record>, DynoxideError> {
        let Some(stream) = &self.stream else { return Ok(Vec::new()) };
        let kind = if position.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let iterator = self.database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: stream.arn.clone(),
            shard_id: stream.shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number: position.map(str::to_owned),
        })?;
        let records = self.database.get_records(GetRecordsRequest {
            shard_iterator: iterator.shard_iterator.unwrap_or_default(),
            limit: None,
        })?;
        Ok(records.records)
    }

    /// Returns the sequence number of the stream's newest record.
    pub(crate) fn last_sequence_number(&self) -> Option<String> {
        let arn = self.stream.as_ref()?.arn.clone();
        let request = DescribeStreamRequest { stream_arn: arn, ..DescribeStreamRequest::default() };
        let description = self.database.describe_stream(request).ok()?.stream_description;
        description.shards.into_iter().next()?.sequence_number_range.ending_sequence_number
    }

    /// Deletes expired items, as DynamoDB's time to live does eventually. Blocks the thread.
    pub(crate) fn sweep(&self) -> Result<usize, DynoxideError> {
        self.database.sweep_ttl()
    }

    /// Serves DynamoDB's API to this machine and its containers until `stop` completes.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
        let served = async {
            let hidden = TcpListener::bind((guard::hidden_address(), 0)).await.map_err(|error| error.to_string())?;
            let address = hidden.local_addr().map_err(|error| error.to_string())?;
            tokio::select! {
                served = dynoxide::server::serve_with_shutdown(hidden, self.database, stop) => served,
                () = guard::serve(listener, address) => Ok(()),
            }
        };
        if let Err(error) = served.await {
            tracing::error!(%error, "DynamoDB stopped");
        }
    }
}

fn refused(error: impl std::fmt::Display) -> StartError {
    StartError::Database(error.to_string())
}

fn open_file(directory: &Path) -> Result<Database, StartError> {
    let file = directory.join(file::NAME);
    let path = file.to_str().ok_or_else(|| refused(format!("{} is not UTF-8", file.display())))?;
    let database = Database::new(path).map_err(|error| refused(format!("{path}: {error}")))?;
    // Turns on dynoxide's normal mode, which is not its default. No write waits for the disk in it:
    // a power cut can lose the last writes, but does not corrupt the database.
    database.disable_bulk_loading().map_err(refused)?;
    Ok(database)
}

/// The properties of an existing table that cannot be changed.
#[derive(Eq, PartialEq)]
struct Shape {
    key_schema: Vec<(String, String)>,
    stream_view_type: Option<String>,
}

impl Shape {
    fn of(table: &Table) -> Self {
        Self { key_schema: table.key_schema.clone(), stream_view_type: table.stream_view_type.clone() }
    }
}

fn existing_table(database: &Database, name: &str) -> Result<Option<Shape>, StartError> {
    let request = DescribeTableRequest { table_name: name.to_owned() };
    let description = match database.describe_table(request) {
        Ok(description) => json!(description),
        Err(DynoxideError::ResourceNotFoundException(_)) => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    let text = |pointer: &str| description.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
    let key_schema = (0..)
        .map_while(|index| {
            let key = format!("/Table/KeySchema/{index}");
            Some((text(&format!("{key}/AttributeName"))?, text(&format!("{key}/KeyType"))?))
        })
        .collect();
    Ok(Some(Shape { key_schema, stream_view_type: text("/Table/StreamSpecification/StreamViewType") }))
}

fn create(database: &Database, table: &Table) -> Result<(), StartError> {
    let pairs = |pairs: &[(String, String)], second: &str| -> Vec<_> {
        pairs.iter().map(|(name, value)| json!({"AttributeName": name, second: value})).collect()
    };
    let mut request = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": pairs(&table.key_schema, "KeyType"),
        "AttributeDefinitions": pairs(&table.attributes, "AttributeType"),
    });
    if let (Some(view), Some(fields)) = (&table.stream_view_type, request.as_object_mut()) {
        let stream = json!({"StreamEnabled": true, "StreamViewType": view});
        fields.insert("StreamSpecification".to_owned(), stream);
    }
    let request: CreateTableRequest = serde_json::from_value(request).map_err(refused)?;
    database.create_table(request).map_err(refused)?;
    Ok(())
}

fn enable_time_to_live(database: &Database, table: &Table) -> Result<(), StartError> {
    let Some(attribute) = &table.time_to_live else { return Ok(()) };
    let request = DescribeTimeToLiveRequest { table_name: table.name.clone() };
    let description = json!(database.describe_time_to_live(request).map_err(refused)?);
    if description.pointer("/TimeToLiveDescription/AttributeName").is_some() {
        return Ok(());
    }
    let specification = TimeToLiveSpecification { attribute_name: attribute.clone(), enabled: true };
    let request = UpdateTimeToLiveRequest { table_name: table.name.clone(), time_to_live_specification: specification };
    database.update_time_to_live(request).map_err(refused)?;
    Ok(())
}

fn stream_of(database: &Database, table: &str) -> Result<Stream, StartError> {
    let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..ListStreamsRequest::default() };
    let streams = database.list_streams(request).map_err(refused)?.streams;
    let stream = streams.into_iter().next().ok_or_else(|| refused("the table has no stream"))?;
    Ok(Stream { arn: stream.stream_arn, shard: dynoxide::streams::shard_id(table), label: stream.stream_label })
}
