//! `PUT /session/extend` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<extend_session::ExtendSession>().await
}
