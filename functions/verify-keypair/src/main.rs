//! `PUT /keypair/verification` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<verify_keypair::VerifyKeypair>().await
}
