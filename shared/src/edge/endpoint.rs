//! What an endpoint is, and the frame that each of them runs in.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::FutureExt;
use lambda_http::http::{Method, StatusCode};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{
    event::{self, Payload},
    log::{self, Line, Metric},
    request::Request,
    response::{self, Response},
};
use crate::{App, Config, Error, Timestamp, entropy};

/// A handler takes no longer: less than the function's timeout, so that it is we who answer, and not Lambda without our headers.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// One endpoint of the API. Each is a Lambda function of its own.
pub trait Endpoint: 'static {
    /// The function's name, everywhere the same: folder, package, binary, template resource, events, metrics.
    const NAME: &'static str;
    /// Whether it derives codes, and so can't start without their key.
    const DERIVES_CODES: bool = false;
    /// The metric that a success is counted in, beside `Requests`.
    const COUNTS: Option<Metric> = None;
    /// The body of a success: 200 to a GET, 202 to everything else.
    type Answer: Serialize + Send;

    /// Answers a request.
    ///
    /// # Errors
    /// What the contract says for the endpoint; the frame turns it into a problem and logs it.
    fn handle(app: &App, request: &Request) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// Serves an endpoint from the Lambda runtime, for as long as the process lives.
///
/// # Errors
/// If the environment lacks something, or the runtime goes away.
pub async fn serve<E: Endpoint>() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env()?;
    log::start(&config.log);
    if E::DERIVES_CODES {
        config.code_keys()?;
    }
    let app = App::new(config);
    app.connect().await;
    let answer = async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Infallible>(respond::<E>(&app, system_time(), &event.payload).await)
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// Answers one event. Whatever happens, it is answered as the contract has it: nothing gets out of here but a [`Response`].
pub async fn respond<E: Endpoint>(app: &App, now: Timestamp, event: &RawValue) -> Response {
    let mut line = Line::begin(E::NAME, app.is_cold(), E::COUNTS);
    let (payload, request) = std::panic::catch_unwind(|| event::read(event, now))
        .unwrap_or_else(|panic| (Payload::default(), Err(panicked(&*panic))));
    let answered = match request {
        Ok(request) => {
            let answered = answer::<E>(app, &request).await;
            line.user = request.user.get().copied();
            answered
        }
        Err(error) => Err(error),
    };
    match answered {
        Ok((status, body)) => {
            line.answered(status);
            response::success(payload, status, body)
        }
        Err(error) => refuse(payload, &error, &line),
    }
}

async fn answer<E: Endpoint>(app: &App, request: &Request) -> Result<(StatusCode, String), Error> {
    // On the heap: a handler's future holds the SDK's, one in the other, deeper than the compiler likes to look.
    let handled = AssertUnwindSafe(Box::pin(E::handle(app, request))).catch_unwind();
    let answer = match timeout(DEADLINE, handled).await {
        Ok(Ok(answer)) => answer?,
        Ok(Err(panic)) => return Err(panicked(&*panic)),
        Err(late) => return Err(Error::Unavailable(late.into())),
    };
    let status = if request.method == Method::GET { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = serde_json::to_string(&answer).map_err(|error| Error::Internal(error.into()))?;
    Ok((status, body))
}

/// The one place where a failure is answered and logged, under the same ID.
fn refuse(payload: Payload, error: &Error, line: &Line) -> Response {
    // Should there be no randomness left, that is told too, under the ID of nothing.
    let id = std::panic::catch_unwind(entropy::uuid_v4).unwrap_or_default();
    line.refused(error, id);
    response::problem(payload, error, id)
}

/// What a panic says may hold anything, so it isn't repeated; the default hook has printed where it was.
fn panicked(_panic: &(dyn Any + Send)) -> Error {
    Error::Internal("a panic".into())
}

/// Now, for the `main` of a function: what is under it is told the time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
pub fn system_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}
