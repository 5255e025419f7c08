//! The list of all functions. The local stack, the tests, the fuzz targets and the bench read it.
//!
//! A row contains what cannot be derived from the function's code: its route, its calls to DynamoDB
//! and their units, and its gates. Tests compare each of them with what the function does, with
//! `template.yaml`, `openapi.yaml` and docs/.

use std::pin::Pin;

use mail::Consumer;
use serde_json::value::RawValue;
use shared::{
    App, Endpoint, Response, Timestamp,
    edge::{Access, Credential},
};

/// A function of the product.
#[derive(Debug)]
pub struct Function {
    /// The name: the same for package, binary, template resource, events and metrics.
    pub name: &'static str,
    /// The route and the handler of an endpoint. `None` for a function that consumes events.
    pub endpoint: Option<Route>,
    /// The cost of an invocation.
    pub cost: Cost,
}

/// The route of an endpoint, and its handler.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the API's base path, as in `template.yaml`. The `$default` route, which
    /// `reject-request` serves as well, is not in this list.
    pub path: &'static str,
    /// The credential that the endpoint requires.
    pub requires: Credential,
    /// Whether the endpoint derives codes and cannot start without a code key.
    pub derives_codes: bool,
    /// Responds to an event.
    pub respond: Respond,
    /// Serves the endpoint from the Lambda runtime.
    pub serve: Serve,
}

impl Route {
    /// Returns whether the endpoint requires a bearer token.
    #[must_use]
    pub const fn requires_token(&self) -> bool {
        matches!(self.requires, Credential::Session | Credential::FreshSession)
    }
}

/// The cost of a successful, warm invocation.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The calls to DynamoDB in alphabetical order, with the kind of item if there is only one.
    pub calls: &'static [&'static str],
    /// The calls that are made one after the other. Calls at the same time count as one.
    pub round_trips: u32,
    /// The consumed read request units.
    pub read_units: f64,
    /// The consumed write request units.
    pub write_units: f64,
    /// The gates: millions of instructions of the release binary for init, the first invocation and
    /// a warm one. A tenth above the last measurement.
    pub instructions: [f64; 3],
}

/// Responds to an event.
pub type Respond = for<'a> fn(&'a App, Timestamp, &'a RawValue) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// Serves a function for the life of the process.
pub type Serve = fn() -> Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>>>>;

const KEY_PAIR: &str = "GetItem KEY/KEY";
const SESSION: &str = "GetItem SESSION/SESSION";
const ENTRIES: &str = "Query";
const LIMIT: &str = "GetItem RATE_LIMIT/RATE_LIMIT";
const SOURCE: &str = "UpdateItem RATE_LIMIT/HOUR";
const TRY: &str = "UpdateItem CODE/CODE";
const NOTICE: &str = "UpdateItem NOTICE/NOTICE";
const WRITE: &str = "TransactWriteItems";

/// All functions, by name.
#[rustfmt::skip]
pub const FUNCTIONS: [Function; 28] = [
    endpoint::<check_keypair::CheckKeypair>("GET", "/keypair",
        cost(&[KEY_PAIR], 1, 1.0, 0.0, [5.38, 0.87, 0.87])),
    endpoint::<check_session::CheckSession>("GET", "/session",
        cost(&[SESSION], 1, 1.0, 0.0, [5.37, 0.85, 0.84])),
    endpoint::<close_session::CloseSession>("DELETE", "/session/{id}",
        cost(&[SESSION, WRITE], 2, 1.0, 4.0, [5.37, 1.45, 1.46])),
    endpoint::<close_sessions::CloseSessions>("DELETE", "/sessions",
        cost(&[SESSION, ENTRIES, WRITE], 3, 2.0, 4.0, [5.38, 2.2, 2.2])),
    endpoint::<create_email::CreateEmail>("POST", "/email",
        cost(&[LIMIT, SESSION, ENTRIES, WRITE, SOURCE], 3, 3.0, 9.0, [5.38, 6.2, 3.63])),
    endpoint::<create_keypair::CreateKeypair>("POST", "/keypair",
        cost(&[LIMIT, SESSION, ENTRIES, WRITE, SOURCE], 4, 3.0, 11.0, [5.9, 6.8, 4.0])),
    endpoint::<create_session::CreateSession>("POST", "/session",
        cost(&[LIMIT, WRITE, SOURCE], 2, 1.0, 5.0, [5.37, 3.49, 2.2])),
    endpoint::<create_user::CreateUser>("POST", "/user",
        cost(&[LIMIT, WRITE, SOURCE], 2, 1.0, 7.0, [5.37, 3.59, 2.31])),
    endpoint::<delete_email::DeleteEmail>("DELETE", "/email/{id}",
        cost(&[SESSION, ENTRIES, WRITE], 3, 2.0, 10.0, [5.38, 2.6, 2.6])),
    endpoint::<delete_keypair::DeleteKeypair>("DELETE", "/keypair/{id}",
        cost(&[SESSION, "GetItem USER/KEY", WRITE], 3, 2.0, 4.0, [5.9, 2.2, 2.2])),
    endpoint::<delete_user::DeleteUser>("DELETE", "/user",
        cost(&[SESSION, ENTRIES, WRITE], 3, 2.0, 14.0, [5.39, 2.68, 2.69])),
    endpoint::<extend_session::ExtendSession>("PUT", "/session/extend",
        cost(&[SESSION, WRITE], 2, 1.0, 4.0, [5.37, 1.5, 1.51])),
    endpoint::<get_account::GetAccount>("GET", "/user",
        cost(&[SESSION, "GetItem SUPPRESSION/SUPPRESSION", ENTRIES], 3, 3.0, 0.0, [5.38, 2.4, 2.4])),
    endpoint::<get_user::GetUser>("GET", "/user/id/{id}",
        cost(&["GetItem USER/USER"], 1, 1.0, 0.0, [5.37, 0.83, 0.82])),
    consumer(handle_mail_event::NAME,
        cost(&["UpdateItem SUPPRESSION/SUPPRESSION"], 1, 0.0, 1.0, [1.62, 4.07, 0.8])),
    endpoint::<list_emails::ListEmails>("GET", "/emails",
        cost(&[SESSION, "GetItem SUPPRESSION/SUPPRESSION", ENTRIES], 3, 3.0, 0.0, [5.38, 2.4, 2.4])),
    endpoint::<list_keypairs::ListKeypairs>("GET", "/keypairs",
        cost(&[SESSION, ENTRIES], 2, 2.0, 0.0, [5.9, 1.6, 1.6])),
    endpoint::<list_sessions::ListSessions>("GET", "/sessions",
        cost(&[SESSION, ENTRIES], 2, 2.0, 0.0, [5.38, 1.46, 1.46])),
    endpoint::<prefer_email::PreferEmail>("PUT", "/email/preferred",
        cost(&[SESSION, ENTRIES, WRITE], 3, 2.0, 6.0, [5.38, 2.42, 2.45])),
    endpoint::<reauthenticate_session::ReauthenticateSession>("POST", "/session/reauthentication",
        cost(&[LIMIT, SESSION, ENTRIES, WRITE, SOURCE], 4, 3.0, 5.0, [5.38, 6.2, 3.63])),
    endpoint::<reject_request::RejectRequest>("GET", "/user/by-email",
        cost(&[], 0, 0.0, 0.0, [0.8, 0.4, 0.4])),
    endpoint::<resend_email_code::ResendEmailCode>("POST", "/email/verification",
        cost(&[LIMIT, SESSION, ENTRIES, WRITE, SOURCE], 3, 3.0, 7.0, [5.38, 6.2, 3.63])),
    consumer(send_mail::SendMail::NAME,
        cost(&["GetItem ADDRESS/ADDRESS", "GetItem SUPPRESSION/SUPPRESSION", TRY, TRY], 3, 2.0, 2.0, [2.24, 13.37, 3.84])),
    consumer(send_notices::SendNotices::NAME,
        cost(&["GetItem SUPPRESSION/SUPPRESSION", NOTICE, NOTICE], 3, 1.0, 2.0, [2.24, 13.37, 3.84])),
    endpoint::<update_user::UpdateUser>("PUT", "/user",
        cost(&[SESSION, ENTRIES, WRITE], 3, 2.0, 8.0, [5.39, 2.47, 2.48])),
    endpoint::<verify_email::VerifyEmail>("PUT", "/email/verification",
        cost(&[SESSION, ENTRIES, WRITE, TRY], 3, 2.0, 11.0, [5.41, 4.53, 3.24])),
    endpoint::<verify_keypair::VerifyKeypair>("PUT", "/keypair/verification",
        cost(&[SESSION, ENTRIES, WRITE, TRY], 3, 2.0, 13.0, [5.95, 5.0, 3.6])),
    endpoint::<verify_session::VerifySession>("PUT", "/session/verification",
        cost(&[ENTRIES, WRITE, TRY], 3, 1.0, 11.0, [5.41, 2.61, 2.62])),
];

/// Calls `$callback!` with the names of all endpoints as identifiers, to generate a test for each.
#[macro_export]
macro_rules! for_each_endpoint {
    ($callback:ident) => {
        $callback! {
            check_keypair check_session close_session close_sessions create_email create_keypair create_session
            create_user delete_email delete_keypair delete_user extend_session get_account get_user list_emails
            list_keypairs list_sessions prefer_email reauthenticate_session reject_request resend_email_code
            update_user verify_email verify_keypair verify_session
        }
    };
}

/// The functions whose gates CI checks, because each takes minutes to build: the most frequent one,
/// the one with the most writes, and one with concurrent calls.
pub const MEASURED_IN_CI: [&str; 3] =
    [check_session::CheckSession::NAME, create_user::CreateUser::NAME, verify_session::VerifySession::NAME];

/// Returns a function.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Returns the endpoint that serves a route.
#[must_use]
pub fn serving(method: &str, path: &str) -> Option<&'static Function> {
    let serves = |route: &Route| route.method == method && route.path == path;
    endpoints().find(|(_, route)| serves(route)).map(|(function, _)| function)
}

/// Returns all endpoints.
pub fn endpoints() -> impl Iterator<Item = (&'static Function, Route)> {
    FUNCTIONS.iter().filter_map(|function| Some((function, function.endpoint?)))
}

const fn endpoint<E: Endpoint>(method: &'static str, path: &'static str, cost: Cost) -> Function {
    let route = Route {
        method,
        path,
        requires: <E::Access as Access>::REQUIRES,
        derives_codes: E::DERIVES_CODES,
        respond: |app, now, event| Box::pin(shared::respond::<E>(app, now, event)),
        serve: || Box::pin(shared::serve::<E>()),
    };
    Function { name: E::NAME, endpoint: Some(route), cost }
}

const fn consumer(name: &'static str, cost: Cost) -> Function {
    Function { name, endpoint: None, cost }
}

const fn cost(
    calls: &'static [&'static str],
    round_trips: u32,
    read_units: f64,
    write_units: f64,
    instructions: [f64; 3],
) -> Cost {
    Cost { calls, round_trips, read_units, write_units, instructions }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_and_tests_are_generated_for_each_endpoint() {
        assert!(FUNCTIONS.is_sorted_by_key(|function| function.name));
        macro_rules! names {
            ($($name:ident)*) => { [$(stringify!($name)),*] };
        }
        let generated = for_each_endpoint!(names).map(|name| name.replace('_', "-"));
        assert!(endpoints().map(|(function, _)| function.name).eq(generated));
    }
}
