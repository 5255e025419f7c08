//! `GET /user`: returns everything that is stored about the user: the profile and the data export.
//!
//! 200 with the account · 401 · 500 · 503

use serde::Serialize;
use shared::{
    App, Authenticated, Endpoint, Error, Language, Request, Timestamp, UserId,
    edge::{ListedEmail, ListedKeyPair, ListedSession},
};

/// `GET /user`: returns the user's account.
#[derive(Debug)]
pub struct GetAccount;

/// Everything that is stored about a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredAccount {
    #[serde(rename = "userID")]
    user_id: UserId,
    alias: String,
    full_name: String,
    language: Language,
    roles: Vec<String>,
    groups: Vec<String>,
    created_at: Timestamp,
    emails: Vec<ListedEmail>,
    sessions: Vec<ListedSession>,
    keys: Vec<ListedKeyPair>,
}

impl Endpoint for GetAccount {
    const NAME: &'static str = "get-account";
    type Access = Authenticated;
    type Output = StoredAccount;

    async fn handle(app: &App, request: &Request, access: Authenticated) -> Result<StoredAccount, Error> {
        let now = request.context.now;
        let account = app.store.account(access.session.user).await?;
        let emails = ListedEmail::all(app, &account, now).await?;
        let sessions = ListedSession::all(account.sessions, access.session.id, now);
        let user = account.user;
        Ok(StoredAccount {
            user_id: user.id,
            alias: user.alias.as_str().to_owned(),
            full_name: user.full_name.as_str().to_owned(),
            language: user.language,
            roles: user.roles,
            groups: user.groups,
            created_at: user.created_at,
            emails,
            sessions,
            keys: ListedKeyPair::all(account.key_pairs, now),
        })
    }
}
