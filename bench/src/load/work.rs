//! The work that the load test repeats.

use serde_json::json;

use crate::{Result, client::Connection};

/// The work that is repeated in a run.
#[derive(Clone)]
pub(crate) enum Work {
    CheckSession { bearer: String },
    SignUp,
    GetItem { table: String },
    PutItem { table: String },
}

impl Work {
    pub(crate) fn uses_dynamodb(&self) -> bool {
        matches!(self, Self::GetItem { .. } | Self::PutItem { .. })
    }

    /// Performs the work once. `number` must be unique.
    pub(crate) async fn perform(&self, connection: &mut Connection, number: u64) -> Result<()> {
        match self {
            Self::CheckSession { bearer } => {
                connection.get("/session", bearer).await?;
            }
            Self::SignUp => {
                connection.sign_up(number).await?;
            }
            Self::GetItem { table } => {
                let key = json!({"pk": {"S": "BENCH#0"}, "sk": {"S": "BENCH"}});
                let get = json!({"TableName": table, "Key": key, "ConsistentRead": true});
                connection.dynamodb("GetItem", &get).await?;
            }
            Self::PutItem { table } => {
                let item = json!({
                    "pk": {"S": format!("BENCH#{number}")}, "sk": {"S": "BENCH"},
                    "text": {"S": "as long as a small item: an ID, a hash, a name, and two timestamps"},
                });
                connection.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).await?;
            }
        }
        Ok(())
    }
}
