//! The addresses of an account: verified, preferred, deleted, each together with the notices of it.

use super::{
    Store,
    accounts::{Changed, tell, use_up},
    keys::Key,
    transaction::{Part, Transaction},
    write::{EXISTS, IS_NEW, Write},
};
use crate::{
    Call, EmailAddress, Error,
    account::{Account, AddressClaim},
    id::{EmailId, UserId},
    notice::{Event, Notice},
    verification::Verification,
};

const UNKNOWN: Error = Error::NotFound("Email address not found");

impl Store {
    /// Makes a proved address the user's, and nobody else's.
    ///
    /// # Errors
    /// [`Error::CodeRefused`] if somebody has it by now, it was deleted, or the code was used meanwhile; the store's faults.
    pub async fn verify_email(
        &self,
        verification: &Verification,
        (user, email): (UserId, EmailId),
        call: &Call,
    ) -> Result<(), Error> {
        let address = &verification.address;
        let change = |account: &Account, transaction: &mut Transaction| {
            let claim = AddressClaim { user, email, address: address.clone() };
            transaction.add(Part::Address, Write::put(Key::address(address), &claim, IS_NEW)?);
            let unverified = "attribute_exists(#pk) AND #verified = :false";
            // It may have been added in another spelling, which could be somebody else's mailbox.
            let proved = "SET #verified = :true, #address = :address";
            let verify = Write::update(Key::email(user, email), proved, unverified).value("address", address.as_str());
            transaction.add(Part::Email, verify.value("true", &true).value("false", &false));
            transaction.add(Part::Account, account.touched());
            use_up(transaction, verification);
            tell_preferred(transaction, account, Event::AddressVerified, address, call)
        };
        match self.change_account(user, &[Part::Address, Part::Email, Part::Code], change).await? {
            Changed::Yes => Ok(()),
            Changed::Refused => Err(Error::CodeRefused),
        }
    }

    /// Makes a verified address the one that notices go to. Both it and the one before are told.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it isn't the user's; [`Error::Forbidden`] if it isn't verified; the store's faults.
    pub async fn prefer_email(&self, user: UserId, email: EmailId, call: &Call) -> Result<(), Error> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let email = account.email(email).ok_or(UNKNOWN)?;
            if !email.verified {
                return Err(Error::Forbidden("Only a verified email address can be preferred. Verify it first."));
            }
            if email.id == account.user.preferred {
                return Ok(());
            }
            transaction.add(Part::Account, account.preferring(email.id));
            tell_preferred(transaction, account, Event::NoLongerPreferred, &email.address, call)?;
            let notice =
                Notice::new(&email.address, Event::AddressPreferred, &email.address, account.user.language, call);
            Ok(tell(transaction, &notice)?)
        };
        self.change_account(user, &[], change).await.map(|_| ())
    }

    /// Takes an address from an account; if it was verified, anybody can have it from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it isn't the user's; [`Error::Forbidden`] if it is the preferred one; the store's faults.
    pub async fn delete_email(&self, user: UserId, email: EmailId, call: &Call) -> Result<(), Error> {
        let change = |account: &Account, transaction: &mut Transaction| {
            let email = account.email(email).ok_or(UNKNOWN)?;
            if email.id == account.user.preferred {
                return Err(Error::Forbidden("The preferred email address cannot be removed. Prefer another first."));
            }
            transaction.add(Part::Account, account.touched());
            transaction.add(Part::Email, Write::delete(Key::email(user, email.id), EXISTS));
            if email.verified {
                let own = Write::delete(Key::address(&email.address), "#userID = :user").value("user", &user);
                transaction.add(Part::Address, own);
            }
            tell_preferred(transaction, account, Event::AddressRemoved, &email.address, call)
        };
        self.change_account(user, &[], change).await.map(|_| ())
    }
}

/// Tells whoever reads the preferred address, as it is before the change.
fn tell_preferred(
    transaction: &mut Transaction,
    account: &Account,
    event: Event,
    address: &EmailAddress,
    call: &Call,
) -> Result<(), Error> {
    if let Some(preferred) = account.preferred() {
        tell(transaction, &Notice::new(&preferred.address, event, address, account.user.language, call))?;
    }
    Ok(())
}
