//! Raw calls to DynamoDB, for every byte in the table and its stream.

use serde_json::{Value, json};

use super::Product;

impl Product {
    /// Returns every item, as DynamoDB returns it.
    pub(crate) async fn raw_items(&self) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), json!({"TableName": self.table().await}));
        loop {
            let page = self.call_dynamodb("DynamoDB_20120810.Scan", &next).await;
            items.extend(page["Items"].as_array().expect("items").iter().cloned());
            match &page["LastEvaluatedKey"] {
                Value::Null => return items,
                key => next["ExclusiveStartKey"] = key.clone(),
            }
        }
    }

    /// Stores an item without the functions.
    pub(crate) async fn put_raw(&self, item: &Value) {
        let put = json!({"TableName": self.table().await, "Item": item});
        self.call_dynamodb("DynamoDB_20120810.PutItem", &put).await;
    }

    /// Returns every record of the stream so far, as DynamoDB returns it.
    pub(crate) async fn stream_records(&self) -> Vec<Value> {
        let streams = self.call_dynamodb("DynamoDBStreams_20120810.ListStreams", &json!({})).await;
        let stream = &streams["Streams"][0]["StreamArn"];
        let described = json!({"StreamArn": stream});
        let described = self.call_dynamodb("DynamoDBStreams_20120810.DescribeStream", &described).await;
        let mut records = Vec::new();
        for shard in described["StreamDescription"]["Shards"].as_array().expect("shards") {
            let from = json!({"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
            let from = self.call_dynamodb("DynamoDBStreams_20120810.GetShardIterator", &from).await;
            let mut iterator = from["ShardIterator"].clone();
            while iterator.is_string() {
                let page = json!({"ShardIterator": iterator});
                let page = self.call_dynamodb("DynamoDBStreams_20120810.GetRecords", &page).await;
                let found = page["Records"].as_array().expect("records");
                if found.is_empty() {
                    break;
                }
                records.extend(found.iter().cloned());
                iterator = page["NextShardIterator"].clone();
            }
        }
        records
    }

    pub(crate) async fn call_dynamodb(&self, target: &str, body: &Value) -> Value {
        let request = self.http.post(self.dynamodb_url()).header("x-amz-target", target).body(body.to_string());
        let request = request.header("content-type", "application/x-amz-json-1.0");
        // The local DynamoDB accepts any signature, but requires one.
        let signature = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        let request = request.header("authorization", signature).header("x-amz-date", "20260101T000000Z");
        let answer = request.send().await.expect("a response of DynamoDB");
        let (status, text) = (answer.status(), answer.text().await.expect("a text"));
        assert!(status.is_success(), "{target}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}
