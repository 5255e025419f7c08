//! The deletion of an account, which a sign-in can undo for a while (contract, Deletion).

use crate::{
    domain::{
        account::Account,
        limits::Limits,
        notice::{Event, Notice},
        recovery::{Deletion, Removal},
        request_context::RequestContext,
        session::Session,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::notify,
        emails::disown,
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::{EXISTS, Write},
        },
    },
};

impl Store {
    /// Deletes the account of a session. When this returns, nothing of the account authenticates.
    /// Its alias and its addresses stay reserved for the recovery period, in which a sign-in with a
    /// verified address restores it; then everything expires. Every verified address is notified.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if the account is deleted already, and [`AccountError::TooManyChanges`].
    ///
    /// [`AccountError::TooManyChanges`]: crate::domain::account::AccountError::TooManyChanges
    pub async fn delete_user(
        &self,
        session: &Session,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let (user, now) = (session.user, context.now);
        let deletion = limits.recovery.map(|period| Deletion { deleted_at: now, expires_at: now.plus(period) });
        let change = |account: &Account, transaction: &mut Transaction| {
            if account.is_deleted() {
                return Err(Refusal::Gone.into());
            }
            let changes = account.count_change(now, limits)?;
            let record = match &deletion {
                Some(deletion) => account
                    .update("SET #version = :after, #changes = :changes, #deletedAt = :now, #expiresAt = :end")
                    .value("changes", changes.as_slice())
                    .value("now", &deletion.deleted_at)
                    .value("end", &deletion.expires_at),
                None => account.delete(),
            };
            transaction.add(Subject::Account, record);
            let alias = Key::alias_owner(&account.user.alias);
            transaction
                .add(Subject::AliasOwner, expire(alias, deletion.as_ref(), "#userID = :user").value("user", &user));
            for email in &account.emails {
                transaction.add(Subject::Email, expire(Key::email(user, email.id), deletion.as_ref(), EXISTS));
                if !email.is_verified() {
                    continue;
                }
                let removal = limits.recovery.map(|period| account.removal(email, now, period));
                let removal = removal.map(|removal| Removal { account_deleted: true, ..removal });
                transaction.add(Subject::AddressOwner, disown(user, email, removal)?);
                let (event, recoverable_until) = (Event::AccountDeleted, deletion.map(|deletion| deletion.expires_at));
                let notice = Notice::new(&account.user, &email.address, event, &email.address, context);
                notify(transaction, &Notice { recoverable_until, ..notice })?;
            }
            Ok(())
        };
        self.change_and_sign_out(user, Some(session.id), now, None, change).await
    }
}

/// Lets an item expire with the account, or deletes it at once.
fn expire(key: Key, deletion: Option<&Deletion>, condition: &'static str) -> Write {
    match deletion {
        Some(deletion) => Write::update(key, "SET #expiresAt = :end", condition).value("end", &deletion.expires_at),
        None => Write::delete(key, condition),
    }
}
