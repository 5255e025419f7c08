//! Recovery: a sign-in takes an account back with an address that was removed from it, or restores
//! an account that was deleted (contract, Recovery and Deletion).

use crate::{
    domain::{
        account::{Account, Email},
        email_address::EmailAddress,
        id::UserId,
        limits::Limits,
        notice::{Event, Notice},
        recovery::Recovered,
        request_context::RequestContext,
        session::{PendingSession, Session},
        timestamp::Timestamp,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{begin_session, notify, redeem, void_if_gone},
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::{EXISTS, IS_NEW, Write},
        },
    },
};

impl Store {
    /// Recovers an account: restores the address as verified and preferred, makes the addresses
    /// that were verified shortly before its removal unverified, ends every session and key pair,
    /// and opens a new session. An account that was deleted is restored with its alias and
    /// addresses.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the address cannot recover the account, or the code was redeemed
    /// meanwhile.
    pub async fn recover_account(
        &self,
        verification: &Verification,
        user: UserId,
        session: &PendingSession,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let (address, context) = (&verification.address, verification.redeemed_at(now));
        let owner = self.address_owner(address, now).await?.filter(|owner| owner.user == user);
        let owner = owner.ok_or(Refusal::Code)?;
        let removal = owner.removal.as_ref().ok_or(Refusal::Code)?;
        let change = |account: &Account, transaction: &mut Transaction| {
            let times = (verification.created_at, now);
            let recovered = account.recover(&owner, removal, times, limits).ok_or(Refusal::Code)?;
            if let Some(email) = &recovered.email {
                transaction.add(Subject::AddressOwner, own_again(user, address, now));
                transaction.add(Subject::Email, Write::put(Key::email(user, email.id), email, IS_NEW)?);
            }
            if let Some(replaced) = recovered.replaced {
                transaction.add(Subject::Email, Write::delete(Key::email(user, replaced.id), EXISTS));
            }
            for email in &recovered.unverified {
                let change = "REMOVE #verifiedAt, #expiresAt";
                transaction.add(Subject::Email, Write::update(Key::email(user, email.id), change, EXISTS));
                let disown = Write::delete(Key::address_owner(&email.address), "#userID = :user").value("user", &user);
                transaction.add(Subject::AddressOwner, disown);
            }
            if account.is_deleted() {
                restore(transaction, account, &recovered, now);
            }
            let change = "SET #version = :after, #changes = :changes, #preferredEmailID = :preferred, \
                #lastRecovery = :recovery REMOVE #deletedAt, #expiresAt";
            let record = account.update(change).value("changes", account.count_recovery(now).as_slice());
            let record = record.value("preferred", &recovered.preferred).object("recovery", &recovered.recovery)?;
            transaction.add(Subject::Account, record);
            let active = Session::new(session, &account.user, &verification.client, now);
            begin_session(transaction, session, &active, account.next_version())?;
            notify_of_recovery(transaction, account, &recovered, &owner.address, &context)?;
            redeem(transaction, verification);
            Ok(())
        };
        let refusal = Some((&[Subject::Code, Subject::AddressOwner][..], Refusal::Code));
        void_if_gone(self.change_and_sign_out(user, None, now, refusal, change).await)
    }
}

/// Restores what a recovery leaves of an account that was deleted.
fn restore(transaction: &mut Transaction, account: &Account, recovered: &Recovered<'_>, now: Timestamp) {
    let user = account.user.id;
    let keep = Write::update(Key::alias_owner(&account.user.alias), "REMOVE #expiresAt", "#userID = :user");
    transaction.add(Subject::AliasOwner, keep.value("user", &user));
    let changed: Vec<_> = recovered.unverified.iter().chain(&recovered.replaced).map(|email| email.id).collect();
    for email in account.emails.iter().filter(|email| !changed.contains(&email.id)) {
        transaction.add(Subject::Email, Write::update(Key::email(user, email.id), "REMOVE #expiresAt", EXISTS));
        if email.is_verified() {
            transaction.add(Subject::AddressOwner, own_again(user, &email.address, now));
        }
    }
}

/// Makes a user the owner again of an address that was removed.
fn own_again(user: UserId, address: &EmailAddress, now: Timestamp) -> Write {
    let restore = "REMOVE #removedAt, #removedIn, #verifiedIn, #accountDeleted, #expiresAt";
    let removed = "#userID = :user AND attribute_exists(#removedAt) AND #expiresAt > :now";
    Write::update(Key::address_owner(address), restore, removed).value("user", &user).value("now", &now)
}

/// Notifies the address that was used, and the address that was the preferred one.
fn notify_of_recovery(
    transaction: &mut Transaction,
    account: &Account,
    recovered: &Recovered<'_>,
    address: &EmailAddress,
    context: &RequestContext,
) -> Result<(), StoreError> {
    let is_unverified = |email: &Email| recovered.unverified.iter().any(|other| other.id == email.id);
    let event = if recovered.email.is_some() { Event::AccountRecovered } else { Event::AccountRestored };
    notify(transaction, &Notice::new(&account.user, address, event, address, context))?;
    match account.preferred() {
        Some(preferred) if preferred.address.canonical() != address.canonical() => {
            let event = if is_unverified(preferred) { Event::UnverifiedByRecovery } else { event };
            notify(transaction, &Notice::new(&account.user, &preferred.address, event, address, context))
        }
        _ => Ok(()),
    }
}
