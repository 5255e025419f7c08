//! `GET /emails`: returns the user's addresses, the preferred one first, then the oldest first, and
//! whether email to them is suppressed.
//!
//! 200 with the addresses · 401 · 500 · 503

use serde::Serialize;
use shared::{App, Authenticated, Endpoint, Error, Request, edge::ListedEmail};

/// `GET /emails`: lists the user's addresses.
#[derive(Debug)]
pub struct ListEmails;

/// The addresses of a user.
#[derive(Debug, Serialize)]
pub struct Emails {
    emails: Vec<ListedEmail>,
}

impl Endpoint for ListEmails {
    const NAME: &'static str = "list-emails";
    type Access = Authenticated;
    type Output = Emails;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Emails, Error> {
        let account = app.store.account(access.session.user).await?;
        Ok(Emails { emails: ListedEmail::all(app, &account, request.context.now).await? })
    }
}
