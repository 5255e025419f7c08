//! The addresses of an account: verified, preferred and removed, each with its security notices.

use crate::{
    domain::{
        account::{Account, AddressOwner, Email},
        email_address::EmailAddress,
        id::{EmailId, UserId},
        limits::Limits,
        notice::{Event, Notice},
        recovery::Removal,
        request_context::RequestContext,
        session::Session,
        timestamp::Timestamp,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{notify, own_address, redeem, void_if_gone},
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::{EXISTS, Write},
        },
    },
};

/// The address is one of the user's, unverified, and the account was not deleted.
pub(super) const IS_UNVERIFIED: &str =
    "attribute_exists(#pk) AND attribute_not_exists(#verifiedAt) AND attribute_not_exists(#expiresAt)";

impl Store {
    /// Returns the owner of an address: the account that verified it, or that removed it and can
    /// still be recovered with it.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn address_owner(
        &self,
        address: &EmailAddress,
        now: Timestamp,
    ) -> Result<Option<AddressOwner>, StoreError> {
        let owner: Option<AddressOwner> = self.get(Key::address_owner(address)).await?;
        Ok(owner.filter(|owner| owner.removal.as_ref().is_none_or(|removal| removal.expires_at > now)))
    }

    /// Makes a verified address the user's, and no other account's. `account_version` is the
    /// version for which the code was requested.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the address has an owner by now or was removed, if the account was
    /// recovered since the code was requested, or if the code was redeemed meanwhile;
    /// [`AccountError::TooManyChanges`].
    ///
    /// [`AccountError::TooManyChanges`]: crate::domain::account::AccountError::TooManyChanges
    pub async fn verify_email(
        &self,
        verification: &Verification,
        (user, email): (UserId, EmailId),
        account_version: u64,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let address = &verification.address;
        let change = |account: &Account, transaction: &mut Transaction| {
            if account.user.last_recovery.is_some_and(|recovery| recovery.version > account_version) {
                return Err(Refusal::Code.into());
            }
            let changes = account.count_change(context.now, limits)?;
            transaction.add(Subject::AddressOwner, own_address(user, email, address, context.now)?);
            // The address may have been added in another spelling, which could be another mailbox.
            let set = "SET #verifiedAt = :now, #verifiedIn = :version, #address = :address";
            let verify = Write::update(Key::email(user, email), set, IS_UNVERIFIED)
                .value("now", &context.now)
                .value("version", &account.next_version())
                .value("address", address.as_str());
            transaction.add(Subject::Email, verify);
            transaction.add(Subject::Account, account.advance_with(&changes, account.user.preferred));
            redeem(transaction, verification);
            notify_preferred(transaction, account, Event::AddressVerified, address, context)
        };
        let decisive = [Subject::AddressOwner, Subject::Email, Subject::Code];
        void_if_gone(self.change_account(user, Some((&decisive, Refusal::Code)), change).await)
    }

    /// Makes a verified address the preferred one. Both it and the previous one are notified.
    ///
    /// # Errors
    /// As [`Account::prefer`], and [`AccountError::TooManyChanges`].
    ///
    /// [`AccountError::TooManyChanges`]: crate::domain::account::AccountError::TooManyChanges
    pub async fn prefer_email(
        &self,
        user: UserId,
        email: EmailId,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let Some(email) = account.prefer(email)? else { return Ok(()) };
            let changes = account.count_change(context.now, limits)?;
            let address = &email.address;
            transaction.add(Subject::Account, account.advance_with(&changes, email.id));
            notify_preferred(transaction, account, Event::NoLongerPreferred, address, context)?;
            notify(transaction, &Notice::new(&account.user, address, Event::AddressPreferred, address, context))
        };
        self.change_account(user, None, change).await
    }

    /// Removes an address from the account of a session. If it was verified, it stays the account's
    /// for the recovery period: its owner can take the account back by signing in with it. The
    /// preferred address and the removed one are notified.
    ///
    /// # Errors
    /// As [`Account::remove`], and [`AccountError::TooManyChanges`].
    ///
    /// [`AccountError::TooManyChanges`]: crate::domain::account::AccountError::TooManyChanges
    pub async fn delete_email(
        &self,
        session: &Session,
        email: EmailId,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let (user, now) = (session.user, context.now);
        let change = |account: &Account, transaction: &mut Transaction| {
            let (email, removal) = account.remove(email, session, now, limits)?;
            let changes = account.count_change(now, limits)?;
            transaction.add(Subject::Account, account.advance_with(&changes, account.user.preferred));
            transaction.add(Subject::Email, Write::delete(Key::email(user, email.id), EXISTS));
            let recoverable_until = removal.as_ref().map(|removal| removal.expires_at);
            let mut recipients: Vec<_> = account.preferred().into_iter().collect();
            if email.is_verified() {
                transaction.add(Subject::AddressOwner, disown(user, email, removal)?);
                recipients.push(email);
            }
            for recipient in recipients {
                let event = Event::AddressRemoved;
                let notice = Notice::new(&account.user, &recipient.address, event, &email.address, context);
                notify(transaction, &Notice { recoverable_until, ..notice })?;
            }
            Ok(())
        };
        self.change_account(user, None, change).await
    }
}

/// Ends the ownership of an address, at once or when the recovery period of its removal is over.
pub(super) fn disown(user: UserId, email: &Email, removal: Option<Removal>) -> Result<Write, StoreError> {
    let key = Key::address_owner(&email.address);
    let condition = "#userID = :user AND attribute_not_exists(#removedAt)";
    let disown = if removal.is_some() {
        let owner = AddressOwner { user, email: email.id, address: email.address.clone(), removal };
        Write::put(key, &owner, condition)?
    } else {
        Write::delete(key, condition)
    };
    Ok(disown.value("user", &user))
}

/// Notifies the address that is the preferred one before the change.
fn notify_preferred(
    transaction: &mut Transaction,
    account: &Account,
    event: Event,
    address: &EmailAddress,
    context: &RequestContext,
) -> Result<(), StoreError> {
    let Some(preferred) = account.preferred() else { return Ok(()) };
    notify(transaction, &Notice::new(&account.user, &preferred.address, event, address, context))
}
