//! What became of a mail, as a Lambda function behind `EventBridge`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    handle_mail_event::serve().await
}
