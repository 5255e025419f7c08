//! `GET /keypairs` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<list_keypairs::ListKeypairs>().await
}
