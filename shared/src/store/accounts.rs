//! Accounts: made when a code is proved, read as a whole, changed one change at a time.

use super::{
    Store,
    client::row,
    fault::Fault,
    keys::{EMAIL, Key, SESSION, USER},
    retry::Backoff,
    transaction::{Part, Transaction},
    write::{EXISTS, IS_NEW, Write},
};
use crate::{
    Alias, Call, Error, FullName, Limits, Timestamp,
    account::{Account, AddressClaim, Email},
    id::{EmailId, UserId},
    notice::{Event, Notice},
    session::{Session, SessionEntry},
    user::User,
    verification::{PendingSession, Verification},
};

/// DynamoDB takes a hundred writes in a transaction. Where a deployment lowers its cap by a lot, the next sign-ins close the rest.
const MOST_CLOSED_AT_ONCE: usize = 40;

impl Store {
    /// A user, by his ID.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Fault> {
        self.get(Key::user(id)).await
    }

    /// A user with all that belongs to him.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, Fault> {
        let (mut user, mut emails, mut sessions) = (None, Vec::new(), Vec::new());
        for item in self.query(Key::partition(id), "").await? {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str);
            if sk == USER {
                user = Some(row(item)?);
            } else if sk.starts_with(EMAIL) {
                emails.push(row(item)?);
            } else if sk.starts_with(SESSION) {
                sessions.push(row(item)?);
            }
        }
        Ok(user.map(|user| Account { user, emails, sessions }))
    }

    /// Makes a proved sign-up an account: user, address, alias and session come into being together, and the code is used up.
    /// Returns the new user's ID.
    ///
    /// # Errors
    /// [`Error::CodeRefused`] if somebody has the address by now, or the code was used meanwhile; the store's faults.
    pub async fn create_account(
        &self,
        verification: &Verification,
        (alias, full_name): (&Alias, &FullName),
        pending: &PendingSession,
        now: Timestamp,
    ) -> Result<UserId, Error> {
        let (user_id, email_id) = (UserId::generate(), EmailId::generate());
        let address = &verification.address;
        let user = User {
            id: user_id,
            alias: alias.clone(),
            full_name: full_name.clone(),
            preferred: email_id,
            roles: User::usual_roles(),
            groups: User::usual_groups(),
            language: verification.language,
            created_at: now,
            version: 0,
        };
        let email = Email { id: email_id, address: address.clone(), verified: true, created_at: now, sequence: 0 };
        let claim = AddressClaim { user: user_id, email: email_id, address: address.clone() };
        let mut transaction = Transaction::default();
        transaction.add(Part::Account, Write::put(Key::user(user_id), &user, IS_NEW)?);
        transaction.add(Part::Email, Write::put(Key::email(user_id, email_id), &email, IS_NEW)?);
        transaction.add(Part::Address, Write::put(Key::address(address), &claim, IS_NEW)?);
        let reserved = "attribute_exists(#pk) AND attribute_not_exists(#userID) AND #pendingFor = :address";
        let take = Write::update(Key::alias(alias), "SET #userID = :user REMOVE #pendingFor, #expiresAt", reserved);
        transaction.add(Part::Alias, take.value("user", &user_id).value("address", address.canonical()));
        open(&mut transaction, pending, &Session::open(pending, &user, &verification.caller, now), user.version)?;
        use_up(&mut transaction, verification);
        self.commit(transaction).await?.map(|()| user_id).map_err(|_| Error::CodeRefused)
    }

    /// Opens the session of a proved sign-in. At the cap, the oldest session gives way; the preferred address is told if the code
    /// went to another one. Returns the ID of the user who signed in.
    ///
    /// # Errors
    /// [`Error::CodeRefused`] if the address isn't that user's any more, or the code was used meanwhile; the store's faults.
    pub async fn open_session(
        &self,
        verification: &Verification,
        pending: &PendingSession,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<UserId, Error> {
        let owner = verification.owner().ok_or(Error::CodeRefused)?;
        let address = &verification.address;
        let by = Call { now, caller: verification.caller.clone(), language: verification.language };
        let change = |account: &Account, transaction: &mut Transaction| {
            let still_owned = Write::check(Key::address(address), "#userID = :owner").value("owner", &owner);
            transaction.add(Part::Address, still_owned);
            transaction.add(Part::Account, account.touched());
            for old in account.beyond_cap(now, limits) {
                // Whether it was closed meanwhile makes no difference.
                let own = "attribute_not_exists(#pk) OR #userID = :owner";
                transaction
                    .add(Part::Session, Write::delete(Key::session(&old.token_hash), own).value("owner", &owner));
                let own = "attribute_not_exists(#pk) OR #sessionID = :session";
                let entry = Write::delete(Key::session_entry(owner, old.id), own);
                transaction.add(Part::Session, entry.value("session", &old.id));
            }
            let session = Session::open(pending, &account.user, &verification.caller, now);
            open(transaction, pending, &session, account.next_version())?;
            if let Some(preferred) = account.preferred()
                && preferred.address.canonical() != address.canonical()
            {
                let event = Event::SignedInElsewhere;
                tell(transaction, &Notice::new(&preferred.address, event, address, account.user.language, &by))?;
            }
            use_up(transaction, verification);
            Ok(())
        };
        match self.change_account(owner, &[Part::Code, Part::Address], change).await? {
            Changed::Yes => Ok(owner),
            Changed::Refused => Err(Error::CodeRefused),
        }
    }

    /// Changes an account as `change` says, having seen it as it is now; from the start if somebody changed it in between.
    /// A refusal because of one of the `decisive` parts, with the account unchanged, is final.
    pub(super) async fn change_account(
        &self,
        user: UserId,
        decisive: &[Part],
        change: impl Fn(&Account, &mut Transaction) -> Result<(), Error> + Send,
    ) -> Result<Changed, Error> {
        let mut backoff = Backoff::default();
        loop {
            let account = self.account(user).await?.ok_or(Error::Unauthenticated)?;
            let mut transaction = Transaction::default();
            change(&account, &mut transaction)?;
            if transaction.is_empty() {
                return Ok(Changed::Yes);
            }
            let Err(refused) = self.commit(transaction).await? else { return Ok(Changed::Yes) };
            let is_final = decisive.iter().any(|part| refused.because_of(*part));
            if is_final && !refused.because_of(Part::Account) {
                return Ok(Changed::Refused);
            }
            if !backoff.wait().await {
                return Err(Fault::contended().into());
            }
        }
    }
}

/// What became of a change.
pub(super) enum Changed {
    /// It is as it was to be.
    Yes,
    /// A decisive condition stood against it, and nothing was written.
    Refused,
}

impl Account {
    /// The version that the next change makes.
    pub(super) fn next_version(&self) -> u64 {
        self.user.version.saturating_add(1)
    }

    /// Counts one change, if there was no other since the account was read.
    pub(super) fn touched(&self) -> Write {
        let change = "SET #version = :after";
        let unchanged = "attribute_exists(#pk) AND #version = :before";
        Write::update(Key::user(self.user.id), change, unchanged)
            .value("after", &self.next_version())
            .value("before", &self.user.version)
    }

    /// Makes an address the preferred one, if there was no other change since the account was read.
    pub(super) fn preferring(&self, email: EmailId) -> Write {
        let change = "SET #version = :after, #preferredEmailID = :email";
        let unchanged = "attribute_exists(#pk) AND #version = :before";
        Write::update(Key::user(self.user.id), change, unchanged)
            .value("after", &self.next_version())
            .value("before", &self.user.version)
            .value("email", &email)
    }

    /// The oldest of the open sessions, as many as must give way for one more.
    fn beyond_cap(&self, now: Timestamp, limits: &Limits) -> Vec<&SessionEntry> {
        let mut open: Vec<_> = self.sessions.iter().filter(|session| session.expires_at > now).collect();
        open.sort_by_key(|session| session.age());
        let most = limits.sessions_per_user.saturating_sub(1);
        let beyond = open.len().saturating_sub(most).min(MOST_CLOSED_AT_ONCE);
        open.truncate(beyond);
        open
    }
}

fn open(
    transaction: &mut Transaction,
    pending: &PendingSession,
    session: &Session,
    sequence: u64,
) -> Result<(), Fault> {
    let entry = SessionEntry {
        id: session.id,
        token_hash: pending.token_hash.clone(),
        caller: session.caller.clone(),
        created_at: session.created_at,
        sequence,
        expires_at: session.expires_at,
    };
    transaction.add(Part::Session, Write::put(Key::session(&pending.token_hash), session, IS_NEW)?);
    transaction.add(Part::Session, Write::put(Key::session_entry(session.user, session.id), &entry, IS_NEW)?);
    Ok(())
}

/// A code works once: whoever deletes it was first.
pub(super) fn use_up(transaction: &mut Transaction, verification: &Verification) {
    transaction.add(Part::Code, Write::delete(Key::verification(verification.id), EXISTS));
}

/// Puts a mail into the outbox.
pub(super) fn tell(transaction: &mut Transaction, notice: &Notice) -> Result<(), Fault> {
    transaction.add(Part::Notice, Write::put(Key::notice(notice.id), notice, IS_NEW)?);
    Ok(())
}
