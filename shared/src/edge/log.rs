//! The log, and the one line that every request leaves in it (docs/operations.md, "The log" and "Metrics").

mod json;
mod metric;

use lambda_http::http::StatusCode;
use tokio::time::Instant;
use tracing::{Subscriber, Value, field::display};
use tracing_subscriber::fmt::{MakeWriter, fmt, format::JsonFields};
use uuid::Uuid;

use self::json::Json;
pub use self::metric::Metric;
use crate::{Error, config::Log, id::UserId};

/// From now on, the process logs to its standard output, which Lambda takes further.
pub fn start(log: &Log) {
    // There is one already only if a process starts twice.
    let _ = tracing::subscriber::set_global_default(subscriber(log, std::io::stdout));
}

/// Lambda's own is not used: it filters by regular expressions, which are a quarter of a megabyte and a good part of a start.
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

/// What is known of a request whatever comes of it.
pub(super) struct Line {
    function: &'static str,
    began: Instant,
    cold_start: bool,
    /// What its success is counted as.
    counts: Option<Metric>,
    /// Whose request it was, where that was found out.
    pub(super) user: Option<UserId>,
}

impl Line {
    /// The request begins now.
    pub(super) fn begin(function: &'static str, cold_start: bool, counts: Option<Metric>) -> Self {
        Self { function, began: Instant::now(), cold_start, counts, user: None }
    }

    pub(super) fn answered(&self, status: StatusCode) {
        let Self { function, cold_start, counts, .. } = *self;
        let (status, duration_ms) = (status.as_u16(), self.milliseconds());
        tracing::info!(
            function,
            status,
            duration_ms,
            cold_start,
            user_id = self.user_id(),
            counts = counts.map(Metric::name),
            "answered"
        );
    }

    /// `id` is the same as in the answer.
    pub(super) fn refused(&self, error: &Error, id: Uuid) {
        let Self { function, cold_start, .. } = *self;
        let (status, duration_ms, kind) = (error.status().as_u16(), self.milliseconds(), error.kind());
        if error.status().is_server_error() {
            let cause = error.cause();
            tracing::error!(function, status, duration_ms, cold_start, user_id = self.user_id(), error_id = %id, error_kind = kind, cause, "{error}");
        } else {
            tracing::warn!(function, status, duration_ms, cold_start, user_id = self.user_id(), error_id = %id, error_kind = kind, "{error}");
        }
    }

    /// To the microsecond.
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

    /// The line of a failure, as it is written when the function's logging controls are so.
    fn line(log: &Log) -> String {
        written(log, || Line::begin("check-session", true, None).refused(&Error::CodeRefused, Uuid::nil()))
    }

    fn written(log: &Log, tell: impl FnOnce()) -> String {
        let (mut reader, writer) = io::pipe().unwrap();
        let writer = move || writer.try_clone().unwrap();
        tracing::subscriber::with_default(subscriber(log, writer), || {
            let span = tracing::info_span!("Lambda runtime invoke", requestId = "8476a536");
            let _in_span = span.enter();
            tracing::debug!("not to be seen");
            tell();
        });
        io::read_to_string(&mut reader).unwrap()
    }

    #[test]
    fn lambda_reads_time_and_level_of_a_line_where_it_looks_for_them() {
        let line = line(&Log { level: Level::INFO, is_json: true, service: None });
        let line: Value = serde_json::from_str(&line).expect(&line);
        // "Sending function logs to CloudWatch Logs" in the Lambda Developer Guide: both at the top, the time as in RFC 3339.
        assert_eq!(line["level"], "WARN");
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.contains('T') && time.ends_with('Z'), "{time}");
        assert_eq!(line["error_id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(line["requestId"], "8476a536");
        assert!(line.get("_aws").is_none(), "metrics of nobody");
    }

    #[test]
    fn a_line_counts_the_request_that_it_tells_of_and_how_it_was_refused() {
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
        // What a dimension is called must be a member of the line.
        assert_eq!(line["error_kind"], "code-refused");
    }

    #[test]
    fn a_success_counts_as_what_its_endpoint_says() {
        let log = Log { level: Level::INFO, is_json: true, service: Some("latchkey".to_owned()) };
        let line = written(&log, || {
            Line::begin("verify-session", false, Some(Metric::CodesVerified)).answered(StatusCode::OK);
        });
        let line: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!((&line["Requests"], &line["CodesVerified"]), (&json!(1), &json!(1)));
        assert!(line.get("Refusals").is_none());
    }

    #[test]
    fn a_line_is_short_where_nobody_asked_for_json() {
        let line = line(&Log { level: Level::INFO, is_json: false, service: Some("latchkey".to_owned()) });
        assert!(line.trim_start().starts_with("WARN ") && line.lines().count() == 1, "{line}");
    }
}
