//! The addresses of an account: verified, preferred and removed, each with its security notices.

use crate::{
    domain::{
        account::{Account, AddressOwner},
        email_address::EmailAddress,
        id::{EmailId, UserId},
        notice::{Event, Notice},
        request_context::RequestContext,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{notify, redeem},
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::{EXISTS, IS_NEW, Write},
        },
    },
};

impl Store {
    /// Makes a verified address the user's, and no other account's.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the address has an owner by now or was removed, or the code was
    /// redeemed meanwhile.
    pub async fn verify_email(
        &self,
        verification: &Verification,
        user: UserId,
        email: EmailId,
        context: &RequestContext,
    ) -> Result<(), StoreError> {
        let address = &verification.address;
        let change = |account: &Account, transaction: &mut Transaction| {
            let owner = AddressOwner { user, email, address: address.clone() };
            transaction.add(Subject::AddressOwner, Write::put(Key::address_owner(address), &owner, IS_NEW)?);
            let unverified = "attribute_exists(#pk) AND #verified = :false";
            // The address may have been added in another spelling, which could be another mailbox.
            let set = "SET #verified = :true, #address = :address";
            let verify = Write::update(Key::email(user, email), set, unverified).value("address", address.as_str());
            transaction.add(Subject::Email, verify.value("true", &true).value("false", &false));
            transaction.add(Subject::Account, account.count_change());
            redeem(transaction, verification);
            notify_preferred(transaction, account, Event::AddressVerified, address, context)
        };
        let decisive = [Subject::AddressOwner, Subject::Email, Subject::Code];
        self.change_account(user, Some((&decisive, Refusal::Code)), change).await
    }

    /// Makes a verified address the preferred one. Both it and the previous one are notified.
    ///
    /// # Errors
    /// As [`Account::prefer`].
    pub async fn prefer_email(&self, user: UserId, email: EmailId, context: &RequestContext) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let Some(email) = account.prefer(email)? else { return Ok(()) };
            let address = &email.address;
            transaction.add(Subject::Account, account.set_preferred(email.id));
            notify_preferred(transaction, account, Event::NoLongerPreferred, address, context)?;
            notify(transaction, &Notice::new(&account.user, address, Event::AddressPreferred, address, context))
        };
        self.change_account(user, None, change).await
    }

    /// Removes an address from an account. If it was verified, any account can verify it from then
    /// on.
    ///
    /// # Errors
    /// As [`Account::remove`].
    pub async fn delete_email(&self, user: UserId, email: EmailId, context: &RequestContext) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let email = account.remove(email)?;
            transaction.add(Subject::Account, account.count_change());
            transaction.add(Subject::Email, Write::delete(Key::email(user, email.id), EXISTS));
            if email.verified {
                let own = Write::delete(Key::address_owner(&email.address), "#userID = :user").value("user", &user);
                transaction.add(Subject::AddressOwner, own);
            }
            notify_preferred(transaction, account, Event::AddressRemoved, &email.address, context)
        };
        self.change_account(user, None, change).await
    }
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
