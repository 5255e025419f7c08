//! A log line in Lambda's JSON format, with its metrics in the Embedded Metric Format. `CloudWatch`
//! reads the metrics off the lines, so that no request waits for them.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    fmt::{self, Debug},
    time::SystemTime,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use crate::{domain::timestamp::Timestamp, runtime::clock};

/// The namespace of all metrics.
const NAMESPACE: &str = "Latchkey";

/// The field with the metric that a line counts in, beside `Requests`; and the dimension of
/// refusals.
const METRIC: &str = "metric";
const KIND: &str = "error_kind";

/// The metrics of every request.
const REQUESTS: &str = "Requests";
const REFUSALS: &str = "Refusals";

/// Formats lines as JSON.
pub(super) struct Json {
    /// The dimension of all metrics: the stack's name. Without it, lines have no metrics.
    pub(super) service: Option<String>,
}

/// The fields of an event, in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = clock::system_time();
        let timestamp = DateTime::from(now).fmt(DateTimeFormat::DateTime).map_err(|_| fmt::Error)?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let request_id = context.lookup_current().and_then(|span| {
            let span = span.extensions().get::<FormattedFields<N>>()?.fields.clone();
            serde_json::from_str::<Value>(&span).ok()?.get("requestId").cloned()
        });
        let line = || {
            let mut text = Vec::new();
            let mut serializer = serde_json::Serializer::new(&mut text);
            let mut line = serializer.serialize_map(None)?;
            line.serialize_entry("timestamp", &timestamp)?;
            line.serialize_entry("level", event.metadata().level().as_str())?;
            for (name, value) in &fields.0 {
                line.serialize_entry(name, value)?;
            }
            if let Some(id) = &request_id {
                line.serialize_entry("requestId", id)?;
            }
            if let Some(service) = &self.service {
                let metrics = fields.metrics();
                if !metrics.is_empty() {
                    line.serialize_entry("service", service)?;
                    for name in &metrics {
                        line.serialize_entry(name, &1)?;
                    }
                    line.serialize_entry("_aws", &metadata(&metrics, now))?;
                }
            }
            line.end()?;
            Ok::<_, serde_json::Error>(text)
        };
        let line = line().map_err(|_| fmt::Error)?;
        writeln!(writer, "{}", String::from_utf8_lossy(&line))
    }
}

impl Fields {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| *field == name)?.1.as_str()
    }

    /// Returns the names of the metrics that this line counts in.
    fn metrics(&self) -> Vec<&str> {
        let request = self.0.iter().any(|(name, _)| *name == "status").then_some(REQUESTS);
        let refusal = self.text(KIND).map(|_| REFUSALS);
        request.into_iter().chain(refusal).chain(self.text(METRIC)).collect()
    }
}

/// Returns the metadata that names the members that are metrics, and their dimensions.
fn metadata(metrics: &[&str], now: SystemTime) -> Value {
    let (by_kind, others): (Vec<&str>, Vec<&str>) = metrics.iter().partition(|name| **name == REFUSALS);
    let directives = [(others, json!(["service"])), (by_kind, json!(["service", KIND]))];
    let directives = directives.into_iter().filter(|(names, _)| !names.is_empty()).map(|(names, dimensions)| {
        let metrics: Vec<_> = names.into_iter().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
        json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
    });
    json!({"Timestamp": Timestamp::from(now).seconds() * 1000, "CloudWatchMetrics": directives.collect::<Vec<_>>()})
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), value.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}").into()));
    }
}
