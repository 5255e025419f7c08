//! `PUT /session/verification` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<verify_session::VerifySession>().await
}
