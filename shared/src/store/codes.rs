//! Codes: requested within rate limits, guessed at under a count.

use serde::{Deserialize, Serialize};
use tokio::try_join;

use crate::{
    domain::{
        account::{Account, AccountError, Addition, Email},
        email_address::EmailAddress,
        id::{EmailId, UserId, VerificationId},
        limits::Limits,
        rate_limit::{AddressRateLimit, WINDOW},
        request_context::{ClientInfo, RequestContext},
        timestamp::Timestamp,
        verification::{CodeScope, Purpose, Verification},
    },
    store::{
        Refusal, Store, StoreError,
        emails::IS_UNVERIFIED,
        table::{
            backoff::Backoff,
            keys::Key,
            transaction::{Subject, Transaction},
            write::{IS_NEW, Write},
        },
    },
};

const HOUR_SECONDS: i64 = 3600;

/// The list of wrong guesses cannot grow without limit. Each new code drops those older than a day;
/// long before this many, codes have twelve digits.
const MAX_WRONG_GUESSES: u32 = 1000;

impl Store {
    /// Requests a code that opens a session. For a sign-up it reserves the alias for the life of
    /// the code.
    ///
    /// The calls are the same whether or not the address has an owner: `send-mail` looks that up
    /// after the response.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`], and [`Refusal::AliasTaken`].
    pub async fn request_session_code(
        &self,
        purpose: Purpose,
        address: &EmailAddress,
        context: &RequestContext,
        limits: &Limits,
    ) -> Result<VerificationId, StoreError> {
        let source = self.count_source(&context.client, context.now, limits);
        let (mut rate_limit, ()) = try_join!(self.address_rate_limit(address), source)?;
        let mut backoff = Backoff::default();
        loop {
            let mut transaction = Transaction::default();
            let verification = request_code(&mut transaction, &rate_limit, purpose.clone(), address, context, limits)?;
            if let Purpose::SignUp { alias, .. } = &verification.purpose {
                let reservation =
                    AliasReservation { pending_for: address.canonical(), expires_at: verification.expires_at };
                let free = "attribute_not_exists(#pk) OR #expiresAt <= :now \
                    OR attribute_not_exists(#userID) AND #pendingFor = :address";
                let reserve = Write::put(Key::alias_owner(alias), &reservation, free)?;
                let reserve = reserve.value("now", &context.now).value("address", address.canonical());
                transaction.add(Subject::AliasOwner, reserve);
            }
            match self.commit(transaction).await? {
                Ok(()) => return Ok(verification.id),
                Err(failed) if failed.contains(Subject::AliasOwner) => return Err(Refusal::AliasTaken.into()),
                Err(_) if backoff.wait().await => rate_limit = self.address_rate_limit(address).await?,
                Err(_) => return Err(StoreError::contended()),
            }
        }
    }

    /// Requests a code that verifies an address of a user's account. `decide` applies the account's
    /// rules to its present state.
    ///
    /// # Errors
    /// The refusals of `decide`, and [`Refusal::RateLimited`].
    pub async fn request_email_code(
        &self,
        user: UserId,
        address: &EmailAddress,
        context: &RequestContext,
        limits: &Limits,
        decide: impl Fn(&Account) -> Result<Addition, AccountError> + Send,
    ) -> Result<VerificationId, StoreError> {
        let source = self.count_source(&context.client, context.now, limits);
        let read = async || try_join!(self.address_rate_limit(address), self.account(user));
        let (mut read_now, ()) = try_join!(read(), source)?;
        let mut backoff = Backoff::default();
        loop {
            let (rate_limit, account) = read_now;
            let mut transaction = Transaction::default();
            let email = match decide(&account)? {
                Addition::Known(email) => {
                    transaction.add(Subject::Email, Write::check(Key::email(user, email), IS_UNVERIFIED));
                    email
                }
                Addition::New => {
                    let email = Email {
                        id: EmailId::generate(),
                        address: address.clone(),
                        verified_at: None,
                        verified_in: 0,
                        recovered: false,
                        created_at: context.now,
                        sequence: account.next_version(),
                    };
                    transaction.add(Subject::Email, Write::put(Key::email(user, email.id), &email, IS_NEW)?);
                    transaction.add(Subject::Account, account.advance());
                    email.id
                }
            };
            let purpose = Purpose::AddEmail { user, email, account_version: account.user.version };
            let verification = request_code(&mut transaction, &rate_limit, purpose, address, context, limits)?;
            match self.commit(transaction).await? {
                Ok(()) => return Ok(verification.id),
                Err(_) if backoff.wait().await => read_now = read().await?,
                Err(_) => return Err(StoreError::contended()),
            }
        }
    }

    /// Counts a guess before it is compared with the code, and returns what to compare it with. The
    /// count is a write of its own, so that no number of parallel or failing requests gets more
    /// comparisons than allowed.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the code is unknown, redeemed, expired, outside `scope`, or was guessed
    /// at as often as allowed.
    pub async fn count_try(
        &self,
        id: VerificationId,
        scope: CodeScope,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Verification, StoreError> {
        let [first, second, third] = scope.purposes();
        let guessable = "attribute_exists(#pk) AND #tries < :guesses AND #expiresAt > :now \
            AND #purpose IN (:first, :second, :third)";
        let count = Write::update(Key::verification(id), "SET #tries = #tries + :one", guessable)
            .value("one", &1u32)
            .value("guesses", &limits.guesses_per_code)
            .value("now", &now)
            .value("first", first)
            .value("second", second)
            .value("third", third);
        Ok(self.update(count).await?.ok_or(Refusal::Code)?)
    }

    /// Counts a wrong guess against its address for 24 hours. A new code does not reset the count.
    ///
    /// # Errors
    /// If DynamoDB fails.
    pub async fn count_wrong_guess(&self, address: &EmailAddress, now: Timestamp) -> Result<(), StoreError> {
        let change = "SET #wrongGuesses = list_append(if_not_exists(#wrongGuesses, :none), :guess), #expiresAt = :end \
            ADD #version :one";
        let bounded = "attribute_not_exists(#wrongGuesses) OR size(#wrongGuesses) < :max";
        let count = Write::update(Key::address_rate_limit(address), change, bounded)
            .value::<[Timestamp]>("none", &[])
            .value::<[Timestamp]>("guess", &[now])
            .value("end", &now.plus(WINDOW))
            .value("one", &1u32)
            .value("max", &MAX_WRONG_GUESSES);
        self.update::<AddressRateLimit>(count).await.map(|_| ())
    }

    pub(super) async fn address_rate_limit(&self, address: &EmailAddress) -> Result<AddressRateLimit, StoreError> {
        Ok(self.get(Key::address_rate_limit(address)).await?.unwrap_or_default())
    }

    /// Counts a request against its source IP for this hour, even if the request is refused later.
    pub(super) async fn count_source(
        &self,
        client: &ClientInfo,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let Some(limit) = limits.mails_per_source_ip_per_hour else { return Ok(()) };
        let hour = now.seconds().div_euclid(HOUR_SECONDS);
        let end = Timestamp::from_seconds(hour.saturating_add(1).saturating_mul(HOUR_SECONDS));
        let within = "attribute_not_exists(#pk) OR #requests < :limit";
        let key = Key::source_rate_limit(client, hour);
        let count = Write::update(key, "SET #expiresAt = :end ADD #requests :one", within)
            .value("end", &end)
            .value("one", &1u32)
            .value("limit", &limit);
        match self.update::<SourceRateLimit>(count).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::RateLimited { retry_after: end.since(now) }.into()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AliasReservation<'a> {
    pending_for: &'a str,
    expires_at: Timestamp,
}

/// The requests of a source IP in one hour. Only conditions read the count.
#[derive(Deserialize)]
struct SourceRateLimit {}

/// Adds a verification to a transaction, and its email to the rate limit of the address, which
/// decides the number of digits.
pub(super) fn request_code(
    transaction: &mut Transaction,
    rate_limit: &AddressRateLimit,
    purpose: Purpose,
    address: &EmailAddress,
    context: &RequestContext,
    limits: &Limits,
) -> Result<Verification, StoreError> {
    let counted = rate_limit.count_email(context.now, limits);
    let (after, digits) = counted.map_err(|retry_after| Refusal::RateLimited { retry_after })?;
    let change = "SET #sent = :sent, #wrongGuesses = :wrongGuesses, #version = :after, #expiresAt = :end";
    let unchanged = "attribute_not_exists(#version) OR #version = :before";
    let update = Write::update(Key::address_rate_limit(address), change, unchanged)
        .value("sent", after.sent.as_slice())
        .value("wrongGuesses", after.wrong_guesses.as_slice())
        .value("after", &after.version)
        .value("before", &rate_limit.version)
        .value("end", &context.now.plus(WINDOW));
    transaction.add(Subject::RateLimit, update);
    let verification = Verification::new(purpose, address, context, limits, digits);
    transaction.add(Subject::Code, Write::put(Key::verification(verification.id), &verification, IS_NEW)?);
    Ok(verification)
}
