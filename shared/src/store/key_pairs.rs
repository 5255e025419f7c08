//! Key pairs: found by their API key, listed by their user.

use tokio::try_join;

use crate::{
    domain::{
        account::Account,
        id::{KeyPairId, UserId, VerificationId},
        key_pair::{ApiKey, KeyPair, KeyPairEntry, NewKeyPair},
        limits::Limits,
        notice::{Event, Notice},
        request_context::RequestContext,
        timestamp::Timestamp,
        verification::{Purpose, Verification},
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{notify, redeem, still_owns, void_if_gone},
        codes::request_code,
        table::{
            backoff::Backoff,
            client::from_item,
            keys::{KEY_PAIR, Key},
            transaction::{Subject, Transaction},
            write::{EXISTS, IS_NEW, Write},
        },
    },
};

impl Store {
    /// Returns a key pair, verified or not, expired or not.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn key_pair(&self, key: &ApiKey) -> Result<Option<KeyPair>, StoreError> {
        self.get(Key::key_pair(key)).await
    }

    /// Returns a user's key pairs, including expired ones, in no particular order.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn key_pairs_of(&self, user: UserId) -> Result<Vec<KeyPairEntry>, StoreError> {
        self.query(Key::partition(user), KEY_PAIR).await?.into_iter().map(from_item).collect()
    }

    /// Creates a key pair of a user, inactive until its code is verified, and requests the code.
    /// The key pair expires with its code.
    ///
    /// # Errors
    /// [`Refusal::Account`] if the user has as many key pairs as the limit allows, and
    /// [`Refusal::RateLimited`].
    pub async fn create_key_pair(
        &self,
        user: UserId,
        new: &NewKeyPair,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(KeyPair, VerificationId), StoreError> {
        let source = self.count_source(&context.client, context.now, limits);
        let (mut account, ()) = try_join!(self.account(user), source)?;
        let mut backoff = Backoff::default();
        loop {
            account.add_key_pair(context.now, limits)?;
            let address = &account.preferred().ok_or(Refusal::Gone)?.address;
            let rate_limit = self.address_rate_limit(address).await?;
            let key_pair = KeyPair::new(new, &account.user, context.now, context.now.plus(limits.code_lifetime));
            let entry = KeyPairEntry::new(&key_pair, account.next_version());
            let mut transaction = Transaction::default();
            transaction.add(Subject::Account, account.advance());
            transaction.add(Subject::KeyPair, Write::put(Key::key_pair(&key_pair.api_key), &key_pair, IS_NEW)?);
            transaction.add(Subject::KeyPair, Write::put(Key::key_pair_entry(user, entry.id), &entry, IS_NEW)?);
            let purpose = Purpose::KeyPair { user, key_pair: key_pair.id, key_name: key_pair.name.clone() };
            let verification = request_code(&mut transaction, &rate_limit, purpose, address, context, limits)?;
            match self.commit(transaction).await? {
                Ok(()) => return Ok((key_pair, verification.id)),
                Err(_) if backoff.wait().await => account = self.account(user).await?,
                Err(_) => return Err(StoreError::contended()),
            }
        }
    }

    /// Activates a key pair whose code was right, until the time that was announced when it was
    /// created. The preferred address is notified.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the key pair was deleted, or has expired, or if its user no longer has
    /// the address that the code was sent to, or if the code was redeemed meanwhile;
    /// [`AccountError::TooManyChanges`].
    ///
    /// [`AccountError::TooManyChanges`]: crate::domain::account::AccountError::TooManyChanges
    pub async fn verify_key_pair(
        &self,
        verification: &Verification,
        (user, key_pair): (UserId, KeyPairId),
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let address = &verification.address;
        let change = |account: &Account, transaction: &mut Transaction| {
            let entry = account.key_pair(key_pair).ok_or(Refusal::Code)?;
            let changes = account.count_change(context.now, limits)?;
            transaction.add(Subject::AddressOwner, still_owns(user, address));
            for key in [Key::key_pair(&entry.api_key), Key::key_pair_entry(user, entry.id)] {
                let set = "SET #verifiedAt = :now, #expiresAt = #keyExpiresAt";
                let pending = "attribute_exists(#pk) AND attribute_not_exists(#verifiedAt) AND #expiresAt > :now";
                transaction.add(Subject::KeyPair, Write::update(key, set, pending).value("now", &context.now));
            }
            transaction.add(Subject::Account, account.advance_with(&changes, account.user.preferred));
            redeem(transaction, verification);
            let Some(preferred) = account.preferred() else { return Ok(()) };
            let notice = Notice::new(&account.user, &preferred.address, Event::KeyPairVerified, address, context);
            notify(transaction, &Notice { key_name: Some(entry.name.clone()), ..notice })
        };
        let decisive = [Subject::AddressOwner, Subject::KeyPair, Subject::Code];
        void_if_gone(self.change_account(user, Some((&decisive, Refusal::Code)), change).await)
    }

    /// Deletes a key pair of a user, verified or not. When this returns, it no longer
    /// authenticates.
    ///
    /// # Errors
    /// [`Refusal::UnknownKeyPair`] if there is no such key pair.
    pub async fn delete_key_pair(&self, user: UserId, id: KeyPairId, now: Timestamp) -> Result<(), StoreError> {
        let entry: Option<KeyPairEntry> = self.get(Key::key_pair_entry(user, id)).await?;
        let entry = entry.filter(|entry| entry.exists(now)).ok_or(Refusal::UnknownKeyPair)?;
        let mut transaction = Transaction::default();
        for key in [Key::key_pair(&entry.api_key), Key::key_pair_entry(user, id)] {
            transaction.add(Subject::KeyPair, Write::delete(key, EXISTS));
        }
        self.commit(transaction).await?.map_err(|_| Refusal::UnknownKeyPair.into())
    }
}

/// Ends a key pair. It makes no difference whether it was deleted meanwhile.
pub(super) fn end_key_pair(transaction: &mut Transaction, user: UserId, key_pair: &KeyPairEntry) {
    let own = "attribute_not_exists(#pk) OR #userID = :user";
    let end = Write::delete(Key::key_pair(&key_pair.api_key), own).value("user", &user);
    transaction.add(Subject::KeyPair, end);
    let own = "attribute_not_exists(#pk) OR #keyID = :keyPair";
    let entry = Write::delete(Key::key_pair_entry(user, key_pair.id), own);
    transaction.add(Subject::KeyPair, entry.value("keyPair", &key_pair.id));
}
