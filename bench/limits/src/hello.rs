//! The Lambda runtime and nothing else. A lower bound for all functions.

use std::convert::Infallible;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let handle = async |_: LambdaEvent<Box<RawValue>>| Ok::<_, Infallible>("hello");
    lambda_runtime::run(service_fn(handle)).await
}
