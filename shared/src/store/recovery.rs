//! Recovery: the owner of a removed address takes the account back by signing in with it (contract,
//! Recovery).

use crate::{
    domain::{
        account::Account,
        id::UserId,
        limits::Limits,
        notice::{Event, Notice},
        session::{PendingSession, Session},
        timestamp::Timestamp,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{begin_session, end_session, notify, redeem},
        key_pairs::end_key_pair,
        table::{
            keys::Key,
            transaction::{Subject, Transaction},
            write::{EXISTS, IS_NEW, Write},
        },
    },
};

/// Turns a removed address into a verified one.
const RESTORE: &str = "REMOVE #removedAt, #removedIn, #verifiedIn, #expiresAt";

/// A transaction takes 100 writes. A recovery has at most nine besides the addresses that it makes
/// unverified and the key pairs and sessions that it ends, two writes each. With at most 20
/// addresses (`EmailsPerUser`) and 10 key pairs (`KeyPairsPerUser`), so many sessions always fit:
/// 9 + 2 × (20 + 10 + 5) = 79.
const MAX_SESSIONS_ENDED_WITH_RECOVERY: usize = 5;

impl Store {
    /// Recovers an account: restores the address as verified and preferred, makes the addresses
    /// that were verified shortly before its removal unverified, ends every session and key pair,
    /// and opens a new session.
    ///
    /// If there are more sessions than a transaction can end, most of them end before the rest. If
    /// the process stops in between, the code is still valid, and the account is otherwise
    /// unchanged.
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
            let recovered = account.recover(&owner, removal, now, limits).ok_or(Refusal::Code)?;
            if account.sessions.len() > MAX_SESSIONS_ENDED_WITH_RECOVERY {
                return Err(Refusal::TooManySessions.into());
            }
            let removed = "#userID = :user AND #removedAt = :removedAt AND #expiresAt > :now";
            let restore = Write::update(Key::address_owner(address), RESTORE, removed)
                .value("user", &user)
                .value("removedAt", &removal.removed_at)
                .value("now", &now);
            transaction.add(Subject::AddressOwner, restore);
            let email = &recovered.email;
            transaction.add(Subject::Email, Write::put(Key::email(user, email.id), email, IS_NEW)?);
            if let Some(replaced) = recovered.replaced {
                transaction.add(Subject::Email, Write::delete(Key::email(user, replaced.id), EXISTS));
            }
            for email in &recovered.unverified {
                let unverify = Write::update(Key::email(user, email.id), "REMOVE #verifiedAt", EXISTS);
                transaction.add(Subject::Email, unverify);
                let disown = Write::delete(Key::address_owner(&email.address), "#userID = :user").value("user", &user);
                transaction.add(Subject::AddressOwner, disown);
            }
            let change = "SET #version = :after, #changes = :changes, #preferredEmailID = :preferred, \
                #lastRecovery = :recovery";
            let record = account.update(change).value("changes", account.count_recovery(now).as_slice());
            let record = record.value("preferred", &email.id).object("recovery", &recovered.recovery)?;
            transaction.add(Subject::Account, record);
            for old in &account.sessions {
                end_session(transaction, user, old);
            }
            for old in account.key_pairs.iter().filter(|key_pair| key_pair.exists(now)) {
                end_key_pair(transaction, user, old);
            }
            let active = Session::new(session, &account.user, &verification.client, now);
            begin_session(transaction, session, &active, account.next_version())?;
            let restored = &email.address;
            notify(transaction, &Notice::new(&account.user, restored, Event::AccountRecovered, restored, &context))?;
            if let Some(preferred) = account.preferred() {
                let is_unverified = recovered.unverified.iter().any(|email| email.id == preferred.id);
                let event = if is_unverified { Event::UnverifiedByRecovery } else { Event::AccountRecovered };
                notify(transaction, &Notice::new(&account.user, &preferred.address, event, restored, &context))?;
            }
            redeem(transaction, verification);
            Ok(())
        };
        let refusal = Some((&[Subject::Code, Subject::AddressOwner][..], Refusal::Code));
        match self.change_account(user, refusal, &change).await {
            Err(StoreError::Refused(Refusal::TooManySessions)) => {}
            recovered => return recovered,
        }
        let account = self.account(user).await?;
        let surplus = account.sessions.get(MAX_SESSIONS_ENDED_WITH_RECOVERY..).unwrap_or_default();
        self.end_sessions(user, surplus).await?;
        self.change_account(user, refusal, change).await
    }
}
