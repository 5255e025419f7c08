//! `PUT /email/preferred` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<prefer_email::PreferEmail>().await
}
