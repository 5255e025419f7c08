//! Codes: asked for within a budget, guessed at under a count.

use serde::Deserialize;
use tokio::try_join;

use super::{
    Store,
    fault::Fault,
    keys::Key,
    retry::Backoff,
    transaction::{Part, Transaction},
    write::{IS_NEW, Write},
};
use crate::{
    Call, Caller, EmailAddress, Error, Limits, Timestamp,
    account::{Account, Email},
    budget::{AddressBudget, WINDOW},
    id::{EmailId, UserId, VerificationId},
    verification::{Purpose, Verification, Wanted},
};

const HOUR: i64 = 3600;

/// A list can't grow for ever. Every new code drops what is older than a day; long before this many, codes are long.
const MOST_GUESSES: u32 = 1000;

impl Store {
    /// Asks for a code that opens a session; if it is for a sign-up, reserves the alias while the code lives.
    ///
    /// The calls are the same whoever has the address: `send-mail` looks that up, after the answer.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`]; [`Error::Invalid`] if the alias is taken; the store's faults.
    pub async fn request_session_code(
        &self,
        verification: Verification,
        limits: &Limits,
    ) -> Result<VerificationId, Error> {
        let (now, address) = (verification.created_at, &verification.address);
        let source = self.spend_source_budget(&verification.caller, now, limits);
        let (mut budget, ()) = try_join!(self.address_budget(address), source)?;
        let mut backoff = Backoff::default();
        loop {
            let mut transaction = Transaction::default();
            if let Purpose::SignUp { alias, .. } = &verification.purpose {
                let reservation =
                    AliasReservation { pending_for: address.canonical(), expires_at: verification.expires_at };
                let free = "attribute_not_exists(#pk) \
                    OR attribute_not_exists(#userID) AND (#expiresAt <= :now OR #pendingFor = :address)";
                let reserve = Write::put(Key::alias(alias), &reservation, free)?;
                transaction.add(Part::Alias, reserve.value("now", &now).value("address", address.canonical()));
            }
            spend(&mut transaction, &budget, &verification, limits)?;
            match self.commit(transaction).await? {
                Ok(()) => return Ok(verification.id),
                Err(refused) if refused.because_of(Part::Alias) => {
                    return Err(Error::invalid("alias", "is taken. Choose another one."));
                }
                Err(_) if backoff.wait().await => budget = self.address_budget(address).await?,
                Err(_) => return Err(Fault::contended().into()),
            }
        }
    }

    /// Asks for a code that proves an address of a user's account.
    ///
    /// `choose` says which of the account's addresses it is for, having looked at the account as it is now, and whether to add it.
    ///
    /// # Errors
    /// What `choose` refuses; [`Error::TooManyRequests`]; the store's faults.
    pub async fn request_email_code(
        &self,
        user: UserId,
        address: &EmailAddress,
        call: &Call,
        limits: &Limits,
        choose: impl Fn(&Account) -> Result<Addition, Error> + Send,
    ) -> Result<VerificationId, Error> {
        let source = self.spend_source_budget(&call.caller, call.now, limits);
        let read = async || try_join!(self.address_budget(address), async { Ok(self.account(user).await?) });
        let (mut read_now, ()) = try_join!(read(), source)?;
        let mut backoff = Backoff::default();
        loop {
            let (budget, account) = read_now;
            let account = account.ok_or(Error::Unauthenticated)?;
            let mut transaction = Transaction::default();
            let email = match choose(&account)? {
                Addition::Known(email) => {
                    let unverified = "attribute_exists(#pk) AND #verified = :false";
                    let check = Write::check(Key::email(user, email), unverified).value("false", &false);
                    transaction.add(Part::Email, check);
                    email
                }
                Addition::New => {
                    let email = Email {
                        id: EmailId::generate(),
                        address: address.clone(),
                        verified: false,
                        created_at: call.now,
                        sequence: account.next_version(),
                    };
                    transaction.add(Part::Email, Write::put(Key::email(user, email.id), &email, IS_NEW)?);
                    transaction.add(Part::Account, account.touched());
                    email.id
                }
            };
            let purpose = Purpose::AddEmail { user, email };
            let verification = Verification::new(address.clone(), purpose, call, limits);
            spend(&mut transaction, &budget, &verification, limits)?;
            match self.commit(transaction).await? {
                Ok(()) => return Ok(verification.id),
                Err(_) if backoff.wait().await => read_now = read().await?,
                Err(_) => return Err(Fault::contended().into()),
            }
        }
    }

    /// Counts a guess at a code before anybody looks at it. `None` if there is none to be looked at: unknown, used, expired, for
    /// something else, or guessed at often enough.
    pub(crate) async fn count_try(
        &self,
        id: VerificationId,
        wanted: Wanted,
        now: Timestamp,
        guesses: u32,
    ) -> Result<Option<Verification>, Fault> {
        let [purpose, other] = wanted.purposes();
        let open =
            "attribute_exists(#pk) AND #tries < :guesses AND #expiresAt > :now AND #purpose IN (:purpose, :other)";
        let count = Write::update(Key::verification(id), "SET #tries = #tries + :one", open)
            .value("one", &1u32)
            .value("guesses", &guesses)
            .value("now", &now)
            .value("purpose", purpose)
            .value("other", other);
        self.update(count).await
    }

    /// Remembers a wrong guess against its address for 24 hours. A new code does not make it forgotten.
    pub(crate) async fn count_wrong_guess(&self, address: &EmailAddress, now: Timestamp) -> Result<(), Fault> {
        let change = "SET #wrongGuesses = list_append(if_not_exists(#wrongGuesses, :none), :guess), #expiresAt = :end \
            ADD #version :one";
        let bounded = "attribute_not_exists(#wrongGuesses) OR size(#wrongGuesses) < :most";
        let count = Write::update(Key::address_budget(address), change, bounded)
            .value::<[Timestamp]>("none", &[])
            .value::<[Timestamp]>("guess", &[now])
            .value("end", &now.plus(WINDOW))
            .value("one", &1u32)
            .value("most", &MOST_GUESSES);
        self.update::<AddressBudget>(count).await.map(|_| ())
    }

    async fn address_budget(&self, address: &EmailAddress) -> Result<AddressBudget, Error> {
        Ok(self.get(Key::address_budget(address)).await?.unwrap_or_default())
    }

    /// Takes one from what a source may ask for in this hour. It is taken even if the request is refused later on.
    async fn spend_source_budget(&self, caller: &Caller, now: Timestamp, limits: &Limits) -> Result<(), Error> {
        let Some(limit) = limits.mails_per_source_ip_per_hour else { return Ok(()) };
        let hour = now.seconds().div_euclid(HOUR);
        let end = Timestamp::from_seconds(hour.saturating_add(1).saturating_mul(HOUR));
        let within = "attribute_not_exists(#pk) OR #requests < :limit";
        let key = Key::source_budget(caller.ip, hour);
        let spend = Write::update(key, "SET #expiresAt = :end ADD #requests :one", within)
            .value("end", &end)
            .value("one", &1u32)
            .value("limit", &limit);
        match self.update::<SourceBudget>(spend).await? {
            Some(_) => Ok(()),
            None => Err(Error::TooManyRequests { retry_after: end.since(now) }),
        }
    }
}

/// Which address a code is to be for.
#[derive(Clone, Copy, Debug)]
pub enum Addition {
    /// One that the account has, still unverified.
    Known(EmailId),
    /// One that it is to have.
    New,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct AliasReservation<'a> {
    pending_for: &'a str,
    expires_at: Timestamp,
}

/// What a source asked for in an hour.
#[derive(Deserialize)]
struct SourceBudget {}

/// Adds the mail to the budget, and the verification with as many digits as the budget says.
fn spend(
    transaction: &mut Transaction,
    budget: &AddressBudget,
    verification: &Verification,
    limits: &Limits,
) -> Result<(), Error> {
    let now = verification.created_at;
    let spent = budget.spend(now, limits).map_err(|retry_after| Error::TooManyRequests { retry_after })?;
    let (after, digits) = spent;
    let change = "SET #sent = :sent, #wrongGuesses = :wrongGuesses, #version = :after, #expiresAt = :end";
    let unchanged = "attribute_not_exists(#version) OR #version = :before";
    let update = Write::update(Key::address_budget(&verification.address), change, unchanged)
        .value("sent", after.sent.as_slice())
        .value("wrongGuesses", after.wrong_guesses.as_slice())
        .value("after", &after.version)
        .value("before", &budget.version)
        .value("end", &now.plus(WINDOW));
    transaction.add(Part::Budget, update);
    let verification = verification.with_digits(digits);
    transaction.add(Part::Code, Write::put(Key::verification(verification.id), &verification, IS_NEW)?);
    Ok(())
}
