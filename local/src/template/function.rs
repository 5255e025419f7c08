//! The template's functions, with their routes, environments and event sources.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_norway::Value;

use super::resolve::{Scope, entries};
use crate::error::StartError;
use crate::filter::Filter;

/// One `AWS::Serverless::Function`.
pub(crate) struct Function {
    /// The name of the binary and of its package and directory, such as `create-user`.
    pub(crate) name: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    pub(crate) stream: Option<Arc<StreamSource>>,
    /// The patterns of the function's `EventBridgeRule` events.
    pub(crate) rules: Vec<Filter>,
}

/// An `HttpApi` event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    Path {
        method: String,
        path: String,
    },
    /// Neither a method nor a path: every request that no other route matches.
    Default,
}

/// A `DynamoDB` event: Lambda's event source mapping.
#[derive(Debug)]
pub(crate) struct StreamSource {
    pub(crate) batch_size: usize,
    /// The function receives a record if a filter matches it, or if there are no filters.
    pub(crate) filters: Vec<Filter>,
    /// `None` if Lambda retries until the record is too old.
    pub(crate) maximum_retry_attempts: Option<u32>,
    /// `None` if only the stream's retention limits the age.
    pub(crate) maximum_record_age: Option<Duration>,
    /// Whether the function reports the records of a batch that failed.
    pub(crate) reports_batch_item_failures: bool,
}

impl Function {
    pub(super) fn read(scope: &Scope<'_>, root: &Value, id: &str, resource: &Value) -> Result<Self, StartError> {
        let properties = resource.get("Properties").ok_or_else(|| StartError::template(id, "has no Properties"))?;
        let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
        let mut function = Self {
            name: binary(scope, id, resource)?,
            routes: Vec::new(),
            environment: environment(scope, id, globals, properties)?,
            timeout: timeout(scope, id, globals, properties)?,
            stream: None,
            rules: Vec::new(),
        };
        for (name, event) in entries(properties.get("Events")) {
            let place = format!("{id}.Events.{name}");
            let properties =
                event.get("Properties").ok_or_else(|| StartError::template(&place, "has no Properties"))?;
            match event.get("Type").and_then(Value::as_str) {
                Some("HttpApi") => function.routes.push(route(scope, &place, properties)?),
                Some("DynamoDB") if function.stream.is_none() => {
                    function.stream = Some(Arc::new(stream_source(scope, &place, properties)?));
                }
                Some("EventBridgeRule") => function.rules.push(rule(scope, &place, properties)?),
                _ => {
                    return Err(StartError::template(
                        place,
                        "the local stack knows events of the types HttpApi, EventBridgeRule and DynamoDB, one of the last",
                    ));
                }
            }
        }
        Ok(function)
    }
}

/// Returns the name of the function's binary, which cargo-lambda builds and by which the local
/// stack finds the function.
fn binary(scope: &Scope<'_>, id: &str, resource: &Value) -> Result<String, StartError> {
    let place = format!("{id}.Metadata.BuildProperties.Binary");
    let name = resource
        .get("Metadata")
        .and_then(|metadata| metadata.get("BuildProperties"))
        .and_then(|properties| properties.get("Binary"))
        .ok_or_else(|| StartError::template(&place, "is missing"))?;
    scope.text(&place, name)
}

fn environment(
    scope: &Scope<'_>,
    id: &str,
    globals: Option<&Value>,
    properties: &Value,
) -> Result<BTreeMap<String, String>, StartError> {
    let mut environment = BTreeMap::new();
    for level in globals.into_iter().chain([properties]) {
        let variables = level.get("Environment").and_then(|environment| environment.get("Variables"));
        for (name, value) in entries(variables) {
            match scope.optional_text(&format!("{id}.Environment.{name}"), value)? {
                Some(text) => environment.insert(name.to_owned(), text),
                None => environment.remove(name),
            };
        }
    }
    Ok(environment)
}

fn timeout(scope: &Scope<'_>, id: &str, globals: Option<&Value>, properties: &Value) -> Result<Duration, StartError> {
    let own = properties.get("Timeout");
    let common = globals.and_then(|globals| globals.get("Timeout"));
    let seconds = scope.number(&format!("{id}.Timeout"), own.or(common))?;
    // Three seconds is Lambda's default.
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3);
    Ok(Duration::from_secs(seconds))
}

fn route(scope: &Scope<'_>, place: &str, properties: &Value) -> Result<Route, StartError> {
    if properties.get("Method").is_none() && properties.get("Path").is_none() {
        return Ok(Route::Default);
    }
    let text = |property: &str| -> Result<String, StartError> {
        let value =
            properties.get(property).ok_or_else(|| StartError::template(place, format!("has no {property}")))?;
        scope.text(place, value)
    };
    Ok(Route::Path { method: text("Method")?.to_uppercase(), path: text("Path")? })
}

fn rule(scope: &Scope<'_>, place: &str, properties: &Value) -> Result<Filter, StartError> {
    let pattern = properties.get("Pattern").ok_or_else(|| StartError::template(place, "has no Pattern"))?;
    let pattern = scope.json(place, pattern)?;
    Filter::parse(&pattern.to_string()).map_err(|problem| StartError::template(format!("{place}.Pattern"), problem))
}

fn stream_source(scope: &Scope<'_>, place: &str, properties: &Value) -> Result<StreamSource, StartError> {
    let number = |property: &str| scope.number(&format!("{place}.{property}"), properties.get(property));
    let filters = match properties.get("FilterCriteria").and_then(|criteria| criteria.get("Filters")) {
        Some(filters) => scope.list(place, filters)?,
        None => &[],
    };
    let filters = filters
        .iter()
        .map(|filter| {
            let pattern =
                filter.get("Pattern").ok_or_else(|| StartError::template(place, "a filter has no Pattern"))?;
            Filter::parse(&scope.text(place, pattern)?)
                .map_err(|problem| StartError::template(format!("{place}.FilterCriteria"), problem))
        })
        .collect::<Result<_, _>>()?;
    let response_types = match properties.get("FunctionResponseTypes") {
        Some(types) => scope.list(place, types)?,
        None => &[],
    };
    Ok(StreamSource {
        batch_size: number("BatchSize")?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100),
        filters,
        // For both limits, -1 means no limit.
        maximum_retry_attempts: number("MaximumRetryAttempts")?.and_then(|times| u32::try_from(times).ok()),
        maximum_record_age: number("MaximumRecordAgeInSeconds")?
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
        reports_batch_item_failures: response_types.iter().any(|one| one.as_str() == Some("ReportBatchItemFailures")),
    })
}
