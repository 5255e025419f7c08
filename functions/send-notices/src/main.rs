//! The sender of notices as a Lambda function, behind the table's stream.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mail::serve::<send_notices::SendNotices>().await
}
