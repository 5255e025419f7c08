//! Unknown routes, and `GET /user/by-email`, as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::serve::<reject_request::RejectRequest>().await
}
