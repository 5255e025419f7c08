//! Accounts: created when a sign-up is verified, read as a whole, changed one change at a time.

use crate::{
    domain::{
        account::{Account, AddressOwner, Email},
        alias::Alias,
        email_address::EmailAddress,
        full_name::FullName,
        id::{EmailId, SessionId, UserId},
        limits::Limits,
        notice::{Event, Notice},
        session::{PendingSession, Session, SessionEntry},
        timestamp::Timestamp,
        user::User,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        key_pairs::end_key_pair,
        table::{
            backoff::Backoff,
            client::from_item,
            keys::{EMAIL, KEY_PAIR, Key, SESSION, USER},
            transaction::{Subject, Transaction},
            write::{EXISTS, IS_NEW, Write},
        },
    },
};

/// A transaction takes 100 writes, and each session is two items. If a deployment lowers its limit
/// by more than this, the next sign-ins end the rest.
pub(super) const MAX_SESSIONS_ENDED_AT_ONCE: usize = 40;

/// So many sessions always end in the same transaction as a change that signs the user out. With at
/// most 20 addresses (`EmailsPerUser`) and 10 key pairs (`KeyPairsPerUser`), a deletion has at most
/// 2 + 3 × 20 + 2 × 10 = 82 other writes, and a recovery at most 11 + 2 × 20 + 2 × 10 = 71.
const MAX_SESSIONS_ENDED_WITH_CHANGE: usize = 5;

impl Store {
    /// Returns a user, unless their account was deleted.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let user: Option<User> = self.get(Key::user(id)).await?;
        Ok(user.filter(|user| user.deletion.is_none()))
    }

    /// Returns a user with everything that belongs to them.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if there is no such user, or the account was deleted.
    pub async fn account(&self, id: UserId) -> Result<Account, StoreError> {
        let account = self.account_or_deleted(id).await?;
        if account.is_deleted() { Err(Refusal::Gone.into()) } else { Ok(account) }
    }

    async fn account_or_deleted(&self, id: UserId) -> Result<Account, StoreError> {
        let (mut user, mut emails, mut sessions, mut key_pairs) = (None, Vec::new(), Vec::new(), Vec::new());
        for item in self.query(Key::partition(id), "").await? {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str);
            if sk == USER {
                user = Some(from_item(item)?);
            } else if sk.starts_with(EMAIL) {
                emails.push(from_item(item)?);
            } else if sk.starts_with(SESSION) {
                sessions.push(from_item(item)?);
            } else if sk.starts_with(KEY_PAIR) {
                key_pairs.push(from_item(item)?);
            }
        }
        Ok(Account { user: user.ok_or(Refusal::Gone)?, emails, sessions, key_pairs })
    }

    /// Creates the account of a verified sign-up: user, address, alias and session, in one
    /// transaction that redeems the code. Returns the ID of the new user.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the address has an owner by now, or the code was redeemed meanwhile.
    pub async fn create_account(
        &self,
        verification: &Verification,
        alias: &Alias,
        full_name: &FullName,
        session: &PendingSession,
        now: Timestamp,
    ) -> Result<UserId, StoreError> {
        let (user_id, email_id) = (UserId::generate(), EmailId::generate());
        let address = &verification.address;
        let user = User {
            id: user_id,
            alias: alias.clone(),
            full_name: full_name.clone(),
            preferred: email_id,
            roles: User::default_roles(),
            groups: User::default_groups(),
            language: verification.language,
            created_at: now,
            changes: Vec::new(),
            deletion: None,
            last_recovery: None,
            version: 0,
        };
        let email = Email {
            id: email_id,
            address: address.clone(),
            verified_at: Some(now),
            verified_in: user.version,
            recovered: false,
            created_at: now,
            sequence: user.version,
        };
        let mut transaction = Transaction::default();
        transaction.add(Subject::Account, Write::put(Key::user(user_id), &user, IS_NEW)?);
        transaction.add(Subject::Email, Write::put(Key::email(user_id, email_id), &email, IS_NEW)?);
        transaction.add(Subject::AddressOwner, own_address(user_id, email_id, address, now)?);
        let reserved = "attribute_exists(#pk) AND attribute_not_exists(#userID) AND #pendingFor = :address";
        let take =
            Write::update(Key::alias_owner(alias), "SET #userID = :user REMOVE #pendingFor, #expiresAt", reserved);
        transaction.add(Subject::AliasOwner, take.value("user", &user_id).value("address", address.canonical()));
        let active = Session::new(session, &user, &verification.client, now);
        begin_session(&mut transaction, session, &active, user.version)?;
        redeem(&mut transaction, verification);
        self.commit(transaction).await?.map(|()| user_id).map_err(|_| Refusal::Code.into())
    }

    /// Opens the session of a verified sign-in. If the user has as many as allowed, the oldest
    /// ends. The preferred address is notified if the code went to another one. If the address was
    /// removed since the code was sent, the sign-in recovers the account instead.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the address has another owner than `user`, or the code was redeemed
    /// meanwhile.
    pub async fn open_session(
        &self,
        verification: &Verification,
        user: UserId,
        session: &PendingSession,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let address = &verification.address;
        let context = verification.redeemed_at(now);
        let change = |account: &Account, transaction: &mut Transaction| {
            transaction.add(Subject::AddressOwner, still_owns(user, address));
            transaction.add(Subject::Account, account.advance());
            for old in account.sessions_over_limit(now, limits, MAX_SESSIONS_ENDED_AT_ONCE) {
                end_session(transaction, user, old);
            }
            let active = Session::new(session, &account.user, &verification.client, now);
            begin_session(transaction, session, &active, account.next_version())?;
            if let Some(preferred) = account.preferred()
                && preferred.address.canonical() != address.canonical()
            {
                let (user, event) = (&account.user, Event::SignedInElsewhere);
                notify(transaction, &Notice::new(user, &preferred.address, event, address, &context))?;
            }
            redeem(transaction, verification);
            Ok(())
        };
        let refusal = Some((&[Subject::Code, Subject::AddressOwner][..], Refusal::Code));
        match self.change_account(user, refusal, change).await {
            Err(StoreError::Refused(Refusal::Code)) => {
                self.recover_account(verification, user, session, now, limits).await
            }
            opened => void_if_gone(opened),
        }
    }

    /// Changes an account as `change` decides from its present state; again from the start if it
    /// changes in between.
    ///
    /// `refusal` lists the subjects whose failed condition is final while the account is unchanged,
    /// and the error it means.
    pub(super) async fn change_account(
        &self,
        user: UserId,
        refusal: Option<(&[Subject], Refusal)>,
        change: impl Fn(&Account, &mut Transaction) -> Result<(), StoreError> + Send + Sync,
    ) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            if account.is_deleted() { Err(Refusal::Gone.into()) } else { change(account, transaction) }
        };
        self.change_account_or_deleted(user, refusal, change).await
    }

    /// Changes an account and ends its sessions and key pairs. If there are more than a transaction
    /// can end, most of them end before the change, but `last` is not among these. If the process
    /// stops in between, the account is otherwise unchanged.
    ///
    /// The account may be one that was deleted.
    pub(super) async fn change_and_sign_out(
        &self,
        user: UserId,
        last: Option<SessionId>,
        now: Timestamp,
        refusal: Option<(&[Subject], Refusal)>,
        change: impl Fn(&Account, &mut Transaction) -> Result<(), StoreError> + Send + Sync,
    ) -> Result<(), StoreError> {
        let change = |account: &Account, transaction: &mut Transaction| {
            change(account, transaction)?;
            if account.sessions.len() > MAX_SESSIONS_ENDED_WITH_CHANGE {
                return Err(Refusal::TooManySessions.into());
            }
            for session in &account.sessions {
                end_session(transaction, user, session);
            }
            for key_pair in account.key_pairs.iter().filter(|key_pair| key_pair.exists(now)) {
                end_key_pair(transaction, user, key_pair);
            }
            Ok(())
        };
        match self.change_account_or_deleted(user, refusal, &change).await {
            Err(StoreError::Refused(Refusal::TooManySessions)) => {}
            changed => return changed,
        }
        let mut sessions = self.account_or_deleted(user).await?.sessions;
        sessions.sort_by_key(|session| Some(session.id) != last);
        self.end_sessions(user, sessions.get(MAX_SESSIONS_ENDED_WITH_CHANGE..).unwrap_or_default()).await?;
        self.change_account_or_deleted(user, refusal, change).await
    }

    async fn change_account_or_deleted(
        &self,
        user: UserId,
        refusal: Option<(&[Subject], Refusal)>,
        change: impl Fn(&Account, &mut Transaction) -> Result<(), StoreError> + Send + Sync,
    ) -> Result<(), StoreError> {
        let mut backoff = Backoff::default();
        loop {
            let account = self.account_or_deleted(user).await?;
            let mut transaction = Transaction::default();
            change(&account, &mut transaction)?;
            if transaction.is_empty() {
                return Ok(());
            }
            let Err(failed) = self.commit(transaction).await? else { return Ok(()) };
            if let Some((decisive, refusal)) = refusal
                && !failed.contains(Subject::Account)
                && decisive.iter().any(|subject| failed.contains(*subject))
            {
                return Err(refusal.into());
            }
            if !backoff.wait().await {
                return Err(StoreError::contended());
            }
        }
    }
}

/// The account has not changed since it was read.
const UNCHANGED: &str = "attribute_exists(#pk) AND #version = :before";

impl Account {
    /// Creates the account's next version, on condition that there was no change since the account
    /// was read.
    pub(super) fn advance(&self) -> Write {
        self.update("SET #version = :after")
    }

    /// Creates the account's next version with the times of its `changes` and a `preferred`
    /// address.
    pub(super) fn advance_with(&self, changes: &[Timestamp], preferred: EmailId) -> Write {
        self.update("SET #version = :after, #changes = :changes, #preferredEmailID = :preferred")
            .value("changes", changes)
            .value("preferred", &preferred)
    }

    /// Deletes the user's item, on condition that there was no change since the account was read.
    pub(super) fn delete(&self) -> Write {
        Write::delete(Key::user(self.user.id), UNCHANGED).value("before", &self.user.version)
    }

    /// Updates the user's item by an expression that sets the version to `:after`.
    pub(super) fn update(&self, change: &'static str) -> Write {
        Write::update(Key::user(self.user.id), change, UNCHANGED)
            .value("after", &self.next_version())
            .value("before", &self.user.version)
    }
}

/// Makes a user the owner of an address that no one else owns: it has no owner, or its removal has
/// expired, or the user removed it.
pub(super) fn own_address(
    user: UserId,
    email: EmailId,
    address: &EmailAddress,
    now: Timestamp,
) -> Result<Write, StoreError> {
    let owner = AddressOwner { user, email, address: address.clone(), removal: None };
    let free = "attribute_not_exists(#pk) OR #expiresAt <= :now OR #userID = :user AND attribute_exists(#removedAt)";
    Ok(Write::put(Key::address_owner(address), &owner, free)?.value("user", &user).value("now", &now))
}

/// Checks that a user still owns an address, and has not removed it.
pub(super) fn still_owns(user: UserId, address: &EmailAddress) -> Write {
    let owned = "#userID = :user AND attribute_not_exists(#removedAt)";
    Write::check(Key::address_owner(address), owned).value("user", &user)
}

/// Ends a session. It makes no difference whether the session was closed meanwhile.
pub(super) fn end_session(transaction: &mut Transaction, user: UserId, session: &SessionEntry) {
    let own = "attribute_not_exists(#pk) OR #userID = :user";
    let end = Write::delete(Key::session(&session.token_hash), own).value("user", &user);
    transaction.add(Subject::Session, end);
    let own = "attribute_not_exists(#pk) OR #sessionID = :session";
    let entry = Write::delete(Key::session_entry(user, session.id), own);
    transaction.add(Subject::Session, entry.value("session", &session.id));
}

pub(super) fn begin_session(
    transaction: &mut Transaction,
    pending: &PendingSession,
    session: &Session,
    sequence: u64,
) -> Result<(), StoreError> {
    let hash = &pending.token_hash;
    let entry = SessionEntry::new(session, hash, sequence);
    transaction.add(Subject::Session, Write::put(Key::session(hash), session, IS_NEW)?);
    transaction.add(Subject::Session, Write::put(Key::session_entry(session.user, session.id), &entry, IS_NEW)?);
    Ok(())
}

/// Turns the refusal of a code's account that is gone into that of the code: the account was
/// deleted since the code was requested.
pub(super) fn void_if_gone(redeemed: Result<(), StoreError>) -> Result<(), StoreError> {
    match redeemed {
        Err(StoreError::Refused(Refusal::Gone)) => Err(Refusal::Code.into()),
        redeemed => redeemed,
    }
}

/// Redeems a code. It works once, because only one transaction can delete it.
pub(super) fn redeem(transaction: &mut Transaction, verification: &Verification) {
    transaction.add(Subject::Code, Write::delete(Key::verification(verification.id), EXISTS));
}

/// Adds a security notice to the outbox.
pub(super) fn notify(transaction: &mut Transaction, notice: &Notice) -> Result<(), StoreError> {
    transaction.add(Subject::Notice, Write::put(Key::notice(notice.id), notice, IS_NEW)?);
    Ok(())
}
