//! `POST /keypair` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<create_keypair::CreateKeypair>().await
}
