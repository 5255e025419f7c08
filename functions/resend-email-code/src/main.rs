//! `POST /email/verification` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<resend_email_code::ResendEmailCode>().await
}
