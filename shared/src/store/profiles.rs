//! The profiles of users, with the copies in their sessions and key pairs.

use serde::Serialize;

use crate::{
    domain::{account::Account, id::UserId, timestamp::Timestamp, user::ProfileChange},
    store::{
        Refusal, Store, StoreError,
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::Write,
        },
    },
};

/// No user and no pending sign-up has the alias.
const ALIAS_IS_FREE: &str = "attribute_not_exists(#pk) OR #expiresAt <= :now";

/// A transaction takes 100 writes. A change of a profile has three besides the copies: of at most
/// 80 active sessions (`SessionsPerUser`) and 10 key pairs (`KeyPairsPerUser`).
const COPIED: &str = "SET #alias = :alias, #fullName = :fullName, #roles = :roles, #groups = :groups";

impl Store {
    /// Changes the profile of a user. The new alias is taken and the previous one released in the
    /// same transaction, which also changes every active session and every key pair.
    ///
    /// # Errors
    /// [`Refusal::AliasTaken`].
    pub async fn update_user(&self, user: UserId, profile: &ProfileChange, now: Timestamp) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let (before, after) = (&account.user, account.user.with_profile(profile));
            let copied = |write: Write| -> Result<Write, StoreError> {
                let write = write.value("alias", after.alias.as_str()).value("fullName", after.full_name.as_str());
                write.object("roles", &after.roles)?.object("groups", &after.groups)
            };
            let record = "SET #version = :after, #alias = :alias, #fullName = :fullName, #roles = :roles, \
                #groups = :groups";
            transaction.add(Subject::Account, copied(account.update(record))?);
            if before.alias.canonical() != after.alias.canonical() {
                let take = Write::put(Key::alias_owner(&after.alias), &AliasOwner { user }, ALIAS_IS_FREE)?;
                transaction.add(Subject::AliasOwner, take.value("now", &now));
                let release = Write::delete(Key::alias_owner(&before.alias), "#userID = :user");
                transaction.add(Subject::AliasOwner, release.value("user", &user));
            }
            for session in account.sessions.iter().filter(|session| session.is_active(now)) {
                let copy = Write::update(Key::session(&session.token_hash), COPIED, "#userID = :user");
                transaction.add(Subject::Session, copied(copy.value("user", &user))?);
            }
            for key_pair in account.key_pairs.iter().filter(|key_pair| key_pair.exists(now)) {
                let copy = Write::update(Key::key_pair(&key_pair.api_key), COPIED, "#userID = :user");
                transaction.add(Subject::KeyPair, copied(copy.value("user", &user))?);
            }
            Ok(())
        };
        self.change_account(user, Some((&[Subject::AliasOwner], Refusal::AliasTaken)), change).await
    }
}

/// The owner of an alias.
#[derive(Serialize)]
struct AliasOwner {
    #[serde(rename = "userID")]
    user: UserId,
}
