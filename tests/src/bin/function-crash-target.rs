//! Runs a Lambda function as a process, for tests that kill it: `function-crash-target
//! create-user`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    match std::env::args().nth(1).as_deref() {
        Some("close-session") => shared::serve::<close_session::CloseSession>().await,
        Some("create-user") => shared::serve::<create_user::CreateUser>().await,
        Some("delete-email") => shared::serve::<delete_email::DeleteEmail>().await,
        Some("verify-email") => shared::serve::<verify_email::VerifyEmail>().await,
        Some("verify-session") => shared::serve::<verify_session::VerifySession>().await,
        other => Err(format!("unknown function: {other:?}").into()),
    }
}
