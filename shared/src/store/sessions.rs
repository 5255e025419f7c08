//! Sessions: found by the hash of their bearer token, listed by their user.

use crate::{
    domain::{
        bearer_token::TokenHash,
        id::{SessionId, UserId},
        session::{Session, SessionEntry},
        timestamp::Timestamp,
        verification::Verification,
    },
    store::{
        Refusal, Store, StoreError,
        accounts::{MAX_SESSIONS_ENDED_AT_ONCE, end_session, redeem, still_owns},
        table::{
            client::from_item,
            keys::{Key, SESSION},
            transaction::{Subject, Transaction},
            write::{EXISTS, Write},
        },
    },
};

impl Store {
    /// Returns the session of a bearer token, expired or not.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn session(&self, hash: &TokenHash) -> Result<Option<Session>, StoreError> {
        self.get(Key::session(hash)).await
    }

    /// Returns a user's sessions, including expired ones, in no particular order.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionEntry>, StoreError> {
        self.query(Key::partition(user), SESSION).await?.into_iter().map(from_item).collect()
    }

    /// Returns one of a user's sessions, expired or not.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn session_entry(&self, user: UserId, session: SessionId) -> Result<Option<SessionEntry>, StoreError> {
        self.get(Key::session_entry(user, session)).await
    }

    /// Extends an active session until `end`.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if the session was closed or has expired meanwhile.
    pub async fn extend_session(
        &self,
        session: &Session,
        hash: &TokenHash,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        for key in [Key::session(hash), Key::session_entry(session.user, session.id)] {
            let active = "attribute_exists(#pk) AND #expiresAt > :now";
            let extend = Write::update(key, "SET #expiresAt = :end", active);
            transaction.add(Subject::Session, extend.value("end", &end).value("now", &now));
        }
        self.commit(transaction).await?.map_err(|_| Refusal::Gone.into())
    }

    /// Makes the session of a verified reauthentication fresh.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the session was closed or has expired, if the user no longer has the
    /// address that the code was sent to, or if the code was redeemed meanwhile.
    pub async fn reauthenticate_session(
        &self,
        verification: &Verification,
        user: UserId,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.add(Subject::AddressOwner, still_owns(user, &verification.address));
        let active = "#userID = :user AND #expiresAt > :now AND #notAfter > :now";
        let renew = Write::update(Key::session(hash), "SET #authenticatedAt = :now", active);
        transaction.add(Subject::Session, renew.value("user", &user).value("now", &now));
        redeem(&mut transaction, verification);
        self.commit(transaction).await?.map_err(|_| Refusal::Code.into())
    }

    /// Ends sessions of a user, however many.
    ///
    /// # Errors
    /// If DynamoDB fails. Some of the sessions may have ended then.
    pub(super) async fn end_sessions(&self, user: UserId, sessions: &[SessionEntry]) -> Result<(), StoreError> {
        for some in sessions.chunks(MAX_SESSIONS_ENDED_AT_ONCE) {
            let mut transaction = Transaction::default();
            for session in some {
                end_session(&mut transaction, user, session);
            }
            self.commit(transaction).await?.map_err(|_| StoreError::contended())?;
        }
        Ok(())
    }

    /// Closes every active session of a user, except `kept`. When this returns, no bearer token of
    /// a session that was opened before authenticates.
    ///
    /// # Errors
    /// If DynamoDB fails. Some of the sessions may be closed then.
    pub async fn close_sessions(
        &self,
        user: UserId,
        kept: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut sessions = self.sessions_of(user).await?;
        sessions.retain(|session| Some(session.id) != kept && session.is_active(now));
        self.end_sessions(user, &sessions).await
    }

    /// Closes a session. When this returns, its bearer token no longer authenticates.
    ///
    /// # Errors
    /// [`Refusal::UnknownSession`] if there is no such session.
    pub async fn close_session(&self, user: UserId, session: SessionId, hash: &TokenHash) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        for key in [Key::session(hash), Key::session_entry(user, session)] {
            transaction.add(Subject::Session, Write::delete(key, EXISTS));
        }
        self.commit(transaction).await?.map_err(|_| Refusal::UnknownSession.into())
    }
}
