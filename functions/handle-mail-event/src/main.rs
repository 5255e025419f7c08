//! The handler of bounces and complaints as a Lambda function, invoked by `EventBridge`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    handle_mail_event::serve().await
}
