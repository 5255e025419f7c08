//! `GET /emails`: lists the user's addresses, the preferred one first, then oldest first.
//!
//! 200 with the addresses · 401 · 500 · 503

use serde::Serialize;
use shared::{App, EmailId, Endpoint, Error, Request};

/// `GET /emails`: lists the user's addresses.
#[derive(Debug)]
pub struct ListEmails;

/// The response: the user's addresses.
#[derive(Debug, Serialize)]
pub struct Emails {
    emails: Vec<OwnEmail>,
}

#[derive(Debug, Serialize)]
struct OwnEmail {
    #[serde(rename = "emailID")]
    email_id: EmailId,
    address: String,
    verified: bool,
    preferred: bool,
}

impl Endpoint for ListEmails {
    const NAME: &'static str = "list-emails";
    type Answer = Emails;

    async fn handle(app: &App, request: &Request) -> Result<Emails, Error> {
        let caller = app.authenticate(request).await?;
        let account = app.store.account(caller.user).await?.ok_or(Error::Unauthenticated)?;
        let preferred = account.user.preferred;
        let mut emails = account.emails;
        emails.sort_by_key(|email| (email.id != preferred, email.age()));
        let shown = emails.into_iter().map(|email| OwnEmail {
            email_id: email.id,
            address: email.address.as_str().to_owned(),
            verified: email.verified,
            preferred: email.id == preferred,
        });
        Ok(Emails { emails: shown.collect() })
    }
}
