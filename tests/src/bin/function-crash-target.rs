//! Runs a Lambda function as a process, for tests that kill it: `function-crash-target
//! create-user`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let endpoint = registry::find(&name).and_then(|function| function.endpoint);
    (endpoint.ok_or(format!("unknown endpoint: {name}"))?.serve)().await
}
