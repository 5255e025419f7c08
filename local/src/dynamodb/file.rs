//! The database file, and two improvements to how dynoxide uses it.
//!
//! dynoxide never deletes stream records, and scans all of them at every write to find the next
//! sequence number: a few thousand records make writes ten times slower. A second connection adds
//! the missing index, and deletes records after a day as DynamoDB does. This depends on dynoxide's
//! private schema, so its version is pinned, and a test below fails when the index is not used.

use std::path::Path;

use rusqlite::Connection;
use shared::Timestamp;

/// The database's file in the data directory.
pub(super) const NAME: &str = "dynamodb.sqlite";

/// DynamoDB keeps stream records for a day.
const STREAM_RETENTION_SECONDS: i64 = 24 * 60 * 60;

/// Indexes the stream's records, and deletes those older than the retention.
pub(super) fn prepare_stream(directory: &Path, now: Timestamp) -> rusqlite::Result<()> {
    let connection = Connection::open(directory.join(NAME))?;
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )?;
    let oldest = now.seconds() - STREAM_RETENTION_SECONDS;
    connection.execute("DELETE FROM _stream_records WHERE created_at < ?1", [oldest])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use dynoxide::Database;

    use super::*;

    #[test]
    fn dynoxide_uses_the_index_to_find_the_next_sequence_number() {
        let directory = std::env::temp_dir().join(crate::random::hexadecimal::<8>());
        std::fs::create_dir(&directory).unwrap();
        let database = Database::new(directory.join(NAME).to_str().unwrap()).unwrap();
        prepare_stream(&directory, Timestamp::from_seconds(0)).unwrap();
        let connection = Connection::open(directory.join(NAME)).unwrap();
        // The two statements are copied from storage.rs of dynoxide 3.2.0.
        for statement in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 't'",
            "SELECT event_name FROM _stream_records WHERE table_name = 't' AND shard_id = 's'
             AND CAST(sequence_number AS INTEGER) > 5 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 9",
        ] {
            let plan: String =
                connection.query_row(&format!("EXPLAIN QUERY PLAN {statement}"), [], |row| row.get(3)).unwrap();
            assert!(plan.contains("stream_order"), "{plan}");
        }
        drop((database, connection));
        std::fs::remove_dir_all(directory).unwrap();
    }
}
