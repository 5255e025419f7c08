//! Sessions: found by the hash of their bearer token, listed by their user.

use crate::{
    domain::{
        bearer_token::TokenHash,
        id::{SessionId, UserId},
        session::{Session, SessionEntry},
        timestamp::Timestamp,
    },
    store::{
        Refusal, Store, StoreError,
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
