//! The log, and the one line that every request leaves in it (docs/operations.md, "The log" and
//! "Metrics").

mod json;
mod metric;

use lambda_http::http::StatusCode;
use tokio::time::Instant;
use tracing::{Subscriber, Value, field::display};
use tracing_subscriber::fmt::{MakeWriter, fmt, format::JsonFields};
use uuid::Uuid;

use self::json::Json;
pub use self::metric::Metric;
use crate::{config::Log, domain::id::UserId, error::Error};

/// Starts logging to standard output, which Lambda forwards.
pub fn start(log: &Log) {
    // A subscriber is set already only if a process starts twice.
    let _ = tracing::subscriber::set_global_default(subscriber(log, std::io::stdout));
}

/// Creates the subscriber. Lambda's own is not used: it filters by regular expressions, which take
/// a quarter of a megabyte and a good part of a function's start.
fn subscriber(
    log: &Log,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> Box<dyn Subscriber + Send + Sync> {
    let lines = fmt().with_max_level(log.level).with_target(false).with_ansi(false).with_writer(writer);
    if log.is_json {
        Box::new(lines.fmt_fields(JsonFields::new()).event_format(Json { service: log.service.clone() }).finish())
    } else {
        Box::new(lines.without_time().finish())
    }
}

/// The log line of a request.
pub(super) struct RequestLog {
    function: &'static str,
    began: Instant,
    cold_start: bool,
    success_metric: Option<Metric>,
    /// The user of the request, as far as it is known.
    pub(super) user: Option<UserId>,
}

impl RequestLog {
    /// Begins the line. The duration counts from here.
    pub(super) fn begin(function: &'static str, cold_start: bool, success_metric: Option<Metric>) -> Self {
        Self { function, began: Instant::now(), cold_start, success_metric, user: None }
    }

    /// Writes the line of a success.
    pub(super) fn succeeded(&self, status: StatusCode) {
        let Self { function, cold_start, success_metric, .. } = *self;
        let (status, duration_ms) = (status.as_u16(), self.milliseconds());
        tracing::info!(
            function,
            status,
            duration_ms,
            cold_start,
            user_id = self.user_id(),
            metric = success_metric.map(Metric::name),
            "answered"
        );
    }

    /// Writes the line of a failure. `id` is the error ID of the response.
    pub(super) fn refused(&self, error: &Error, id: Uuid) {
        let Self { function, cold_start, .. } = *self;
        let (status, duration_ms, kind) = (error.status().as_u16(), self.milliseconds(), error.kind());
        let guess = error.refused_guess();
        let verification_id = guess.map(|guess| display(guess.verification_id));
        let address_hash = guess.and_then(|guess| guess.address_hash.as_deref());
        let source_hash = guess.map(|guess| guess.source_hash.as_str());
        if error.status().is_server_error() {
            let cause = error.cause();
            tracing::error!(function, status, duration_ms, cold_start, user_id = self.user_id(), error_id = %id, error_kind = kind, cause, "{error}");
        } else {
            tracing::warn!(function, status, duration_ms, cold_start, user_id = self.user_id(), error_id = %id, error_kind = kind, verification_id, address_hash, source_hash, "{error}");
        }
    }

    /// Returns the duration so far, to the microsecond.
    fn milliseconds(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    fn user_id(&self) -> Option<impl Value> {
        self.user.map(display)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::{Value, json};
    use tracing::Level;

    use super::*;

    /// Returns the line of a failure under these logging controls.
    fn line(log: &Log) -> String {
        written(log, || RequestLog::begin("get-user", true, None).refused(&Error::CodeRefused(None), Uuid::nil()))
    }

    fn written(log: &Log, log_something: impl FnOnce()) -> String {
        let (mut reader, writer) = io::pipe().unwrap();
        let writer = move || writer.try_clone().unwrap();
        tracing::subscriber::with_default(subscriber(log, writer), || {
            let span = tracing::info_span!("Lambda runtime invoke", requestId = "8476a536");
            let _in_span = span.enter();
            tracing::debug!("below the level");
            log_something();
        });
        io::read_to_string(&mut reader).unwrap()
    }

    #[test]
    fn a_line_has_its_time_and_level_where_lambda_reads_them() {
        let line = line(&Log { level: Level::INFO, is_json: true, service: None });
        let line: Value = serde_json::from_str(&line).expect(&line);
        // "Sending function logs to CloudWatch Logs" in the Lambda Developer Guide: both at the
        // top, the time as in RFC 3339.
        assert_eq!(line["level"], "WARN");
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.contains('T') && time.ends_with('Z'), "{time}");
        assert_eq!(line["error_id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(line["requestId"], "8476a536");
        assert!(line.get("_aws").is_none(), "metrics without a service");
    }

    #[test]
    fn a_line_counts_its_request_and_its_refusal() {
        let line = line(&Log { level: Level::INFO, is_json: true, service: Some("latchkey".to_owned()) });
        let line: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(
            (&line["Requests"], &line["Refusals"], &line["service"]),
            (&json!(1), &json!(1), &json!("latchkey"))
        );
        let metadata = &line["_aws"];
        assert!(metadata["Timestamp"].as_i64().unwrap() > 1_700_000_000_000, "milliseconds");
        let metrics: Vec<_> = metadata["CloudWatchMetrics"].as_array().unwrap().iter().collect();
        assert_eq!(
            metrics,
            [
                &json!({"Namespace": "Latchkey", "Dimensions": [["service"]], "Metrics": [{"Name": "Requests", "Unit": "Count"}]}),
                &json!({
                    "Namespace": "Latchkey", "Dimensions": [["service", "error_kind"]],
                    "Metrics": [{"Name": "Refusals", "Unit": "Count"}],
                }),
            ]
        );
        // A dimension must be a member of the line.
        assert_eq!(line["error_kind"], "code-refused");
    }

    #[test]
    fn a_success_counts_in_the_metric_of_its_endpoint() {
        let log = Log { level: Level::INFO, is_json: true, service: Some("latchkey".to_owned()) };
        let line = written(&log, || {
            RequestLog::begin("verify-session", false, Some(Metric::CodesVerified)).succeeded(StatusCode::OK);
        });
        let line: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!((&line["Requests"], &line["CodesVerified"]), (&json!(1), &json!(1)));
        assert!(line.get("Refusals").is_none());
    }

    #[test]
    fn a_line_is_plain_text_without_the_json_format() {
        let line = line(&Log { level: Level::INFO, is_json: false, service: Some("latchkey".to_owned()) });
        assert!(line.trim_start().starts_with("WARN ") && line.lines().count() == 1, "{line}");
    }
}
