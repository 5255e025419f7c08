//! The Lambda runtime and a single `GetItem`, with the DynamoDB client configured as in the
//! functions. A lower bound for functions that read the table.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::AttributeValue,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::{Config, config::Aws, runtime::http_client::http_client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    shared::start_log(&config.log);
    let (client, table) = (client(&config.aws), config.table);
    // Opens the connection during init, when Lambda provides a full vCPU.
    get(&client, &table, "NONEXISTENT", "NONEXISTENT").await?;
    let handle = async |event: LambdaEvent<Value>| {
        let key = |name: &str| event.payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        get(&client, &table, &key("pk"), &key("sk")).await
    };
    lambda_runtime::run(service_fn(handle)).await
}

/// Reads an item and returns the number of its attributes.
async fn get(client: &Client, table: &str, pk: &str, sk: &str) -> Result<usize, Error> {
    let get = client.get_item().table_name(table).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
    Ok(get.send().await?.item.map_or(0, |item| item.len()))
}

fn client(aws: &Aws) -> Client {
    let credentials =
        Credentials::new(&aws.access_key_id, &aws.secret_access_key, aws.session_token.clone(), None, "environment");
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(http_client(aws.dynamodb_url.as_deref()));
    config.set_endpoint_url(aws.dynamodb_url.clone());
    Client::from_conf(config.build())
}
