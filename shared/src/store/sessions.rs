//! Sessions: found by the hash of their bearer, listed by their user.

use super::{
    Store,
    client::row,
    fault::Fault,
    keys::{Key, SESSION},
    transaction::{Part, Transaction},
    write::Write,
};
use crate::{
    Timestamp,
    bearer::TokenHash,
    id::{SessionId, UserId},
    session::{Session, SessionEntry},
};

impl Store {
    /// The session of a bearer, expired or not.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn session(&self, hash: &TokenHash) -> Result<Option<Session>, Fault> {
        self.get(Key::session(hash)).await
    }

    /// A user's sessions, expired ones among them, in no particular order.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionEntry>, Fault> {
        self.query(Key::partition(user), SESSION).await?.into_iter().map(row).collect()
    }

    /// One of a user's sessions.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn session_entry(&self, user: UserId, session: SessionId) -> Result<Option<SessionEntry>, Fault> {
        self.get(Key::session_entry(user, session)).await
    }

    /// Lets an open session live until `end`. False if it isn't open any more: what is closed or expired stays so.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn extend_session(
        &self,
        (session, hash): (&Session, &TokenHash),
        end: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let mut transaction = Transaction::default();
        for key in [Key::session(hash), Key::session_entry(session.user, session.id)] {
            let open = "attribute_exists(#pk) AND #expiresAt > :now";
            let extend = Write::update(key, "SET #expiresAt = :end", open);
            transaction.add(Part::Session, extend.value("end", &end).value("now", &now));
        }
        Ok(self.commit(transaction).await?.is_ok())
    }

    /// Closes a session: from the moment that this returns, its bearer opens nothing. False if there is none.
    ///
    /// # Errors
    /// The store's faults.
    pub async fn close_session(&self, user: UserId, session: SessionId, hash: &TokenHash) -> Result<bool, Fault> {
        let mut transaction = Transaction::default();
        for key in [Key::session(hash), Key::session_entry(user, session)] {
            transaction.add(Part::Session, Write::delete(key, super::write::EXISTS));
        }
        Ok(self.commit(transaction).await?.is_ok())
    }
}
