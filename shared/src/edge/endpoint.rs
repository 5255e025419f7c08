//! The trait of an endpoint, and the frame that every endpoint runs in.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use lambda_http::http::{Method, StatusCode};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::{
    app::App,
    config::Config,
    domain::{id::UserId, timestamp::Timestamp},
    edge::{
        Access, Metric, Request,
        event::{self, Payload},
        log::{self, RequestLog},
        response::{self, Response},
    },
    error::Error,
    runtime::entropy,
};

/// The time limit of a handler: below the function's timeout, so that the response is ours and not
/// Lambda's.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// An endpoint of the API. Each is a Lambda function of its own.
pub trait Endpoint: 'static {
    /// The name of the function: the same for folder, package, binary, template resource, events
    /// and metrics.
    const NAME: &'static str;
    /// Whether the endpoint derives codes and therefore cannot start without a code key.
    const DERIVES_CODES: bool = false;
    /// Whether the endpoint reads or writes the table, to which it then connects at its start.
    const USES_TABLE: bool = true;
    /// The metric that counts a success, beside `Requests`.
    const SUCCESS_METRIC: Option<Metric> = None;
    /// The access that the endpoint requires.
    type Access: Access;
    /// The body of a success: status 200 for GET, 202 for every other method.
    type Output: Serialize + Send;

    /// Handles a request.
    ///
    /// # Errors
    /// Those that the contract lists for the endpoint. The frame turns them into problems and logs
    /// them.
    fn handle(
        app: &App,
        request: &Request,
        access: Self::Access,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// Returns the user that the request was about, for the log, if only the handler identifies
    /// one.
    #[must_use]
    fn user(_: &Self::Output) -> Option<UserId> {
        None
    }
}

/// Serves an endpoint from the Lambda runtime for the life of the process.
///
/// # Errors
/// If a required environment variable is missing, or the runtime ends.
pub async fn serve<E: Endpoint>() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    log::start(&config.log);
    if E::DERIVES_CODES {
        config.code_keys()?;
    }
    let app = App::new(config);
    if E::USES_TABLE {
        app.connect().await;
    }
    let respond = async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Infallible>(respond::<E>(&app, Timestamp::now(), &event.payload).await)
    };
    lambda_runtime::run(service_fn(respond)).await
}

/// Responds to one event as the contract requires, whatever happens.
pub async fn respond<E: Endpoint>(app: &App, now: Timestamp, event: &RawValue) -> Response {
    let mut log = RequestLog::begin(E::NAME, app.is_cold(), E::SUCCESS_METRIC);
    let proxy = app.trusted_proxy();
    let (payload, request) = std::panic::catch_unwind(|| event::read(event, now, proxy))
        .unwrap_or_else(|panic| (Payload::default(), Err(panicked(&*panic))));
    let handled = match request {
        Ok(request) => handle::<E>(app, &request, &mut log.user).await,
        Err(error) => Err(error),
    };
    match handled {
        Ok((status, body)) => {
            log.succeeded(status);
            response::success(payload, status, body)
        }
        Err(error) => refuse(payload, &error, &log),
    }
}

/// Handles a request within the deadline. `user` is set as soon as the user is known, so that a
/// failure is logged with it.
async fn handle<E: Endpoint>(
    app: &App,
    request: &Request,
    user: &mut Option<UserId>,
) -> Result<(StatusCode, String), Error> {
    let handled = async {
        let access = E::Access::check(app, request).await?;
        *user = access.user();
        let output = E::handle(app, request, access).await?;
        *user = user.or(E::user(&output));
        Ok::<_, Error>(output)
    };
    // On the heap: the future of a handler nests the SDK's futures more deeply than the compiler
    // accepts.
    let handled = AssertUnwindSafe(Box::pin(handled)).catch_unwind();
    let output = match timeout(DEADLINE, handled).await {
        Ok(Ok(output)) => output?,
        Ok(Err(panic)) => return Err(panicked(&*panic)),
        Err(late) => return Err(Error::Unavailable(late.into())),
    };
    let status = if request.method == Method::GET { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = serde_json::to_string(&output).map_err(|error| Error::Internal(error.into()))?;
    Ok((status, body))
}

/// Logs a failure and responds to it, under the same ID. Nothing else does either.
fn refuse(payload: Payload, error: &Error, log: &RequestLog) -> Response {
    // If the OS RNG fails, respond anyway, with the nil UUID as error ID.
    let id = std::panic::catch_unwind(entropy::uuid_v4).unwrap_or_default();
    log.refused(error, id);
    response::problem(payload, error, id)
}

/// The message of a panic can contain anything and is not repeated. The default hook has printed
/// its location.
fn panicked(_panic: &(dyn Any + Send)) -> Error {
    Error::Internal("a panic".into())
}
