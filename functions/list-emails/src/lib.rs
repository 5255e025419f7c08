//! `GET /emails`: returns the user's addresses, the preferred one first, then the oldest first, and
//! whether email to them is suppressed.
//!
//! 200 with the addresses · 401 · 500 · 503

use futures_util::future::try_join_all;
use serde::Serialize;
use shared::{App, Authenticated, EmailId, Endpoint, Error, Request};

/// `GET /emails`: lists the user's addresses.
#[derive(Debug)]
pub struct ListEmails;

/// The addresses of a user.
#[derive(Debug, Serialize)]
pub struct Emails {
    emails: Vec<ListedEmail>,
}

#[derive(Debug, Serialize)]
struct ListedEmail {
    #[serde(rename = "emailID")]
    email_id: EmailId,
    address: String,
    verified: bool,
    preferred: bool,
    deliverable: bool,
}

impl Endpoint for ListEmails {
    const NAME: &'static str = "list-emails";
    type Access = Authenticated;
    type Output = Emails;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<Emails, Error> {
        let account = app.store.account(access.session.user).await?;
        let preferred = account.user.preferred;
        let mut emails = account.emails;
        emails.sort_by_key(|email| (email.id != preferred, email.age()));
        let listed = emails.into_iter().map(async |email| {
            let is_suppressed = app.store.is_suppressed(&email.address, request.context.now).await?;
            Ok::<_, Error>(ListedEmail {
                email_id: email.id,
                address: email.address.as_str().to_owned(),
                verified: email.is_verified(),
                preferred: email.id == preferred,
                deliverable: !is_suppressed,
            })
        });
        Ok(Emails { emails: try_join_all(listed).await? })
    }
}
