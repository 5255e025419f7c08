//! `DELETE /user`: deletes the user's account. Nothing of it authenticates after the response. For
//! a while a sign-in with one of its verified addresses restores it; then everything expires.
//!
//! 202 acknowledged · 401 · 429 · 500 · 503

use shared::{
    App, Authenticated, Endpoint, Error, Request,
    edge::{Acknowledged, Fresh},
};

/// `DELETE /user`: deletes the user's account.
#[derive(Debug)]
pub struct DeleteUser;

impl Endpoint for DeleteUser {
    const NAME: &'static str = "delete-user";
    type Access = Fresh;
    type Output = Acknowledged;

    async fn handle(app: &App, request: &Request, access: Fresh) -> Result<Acknowledged, Error> {
        let Fresh(Authenticated { session, .. }) = access;
        app.store.delete_user(&session, &request.context, app.limits()).await?;
        Ok(Acknowledged::new())
    }
}
