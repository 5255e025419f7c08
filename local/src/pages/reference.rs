//! The API reference: openapi.yaml in Swagger UI, which sends requests to this stack. The stack
//! serves all files that the page loads.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_norway::Value;

use super::page_with_policy;
use crate::error::StartError;

const PAGE: &str = include_str!("../../assets/reference.html");
const DESCRIPTION: &str = include_str!("../../../openapi.yaml");
const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"));
const STYLE: &str = include_str!(concat!(env!("OUT_DIR"), "/swagger-ui.css"));

/// The page at `/`, and the description that it shows.
#[derive(Clone)]
pub(crate) struct Reference {
    page: Arc<str>,
    description: Arc<str>,
}

impl Reference {
    /// Creates the reference for a stack at these URLs.
    pub(crate) fn new(api_url: &str, dynamodb_url: &str) -> Result<Self, StartError> {
        let page = PAGE.replace("{{api}}", api_url).replace("{{dynamodb}}", dynamodb_url);
        // Swagger UI links to an operation by its ID, which is the function's name.
        let page = registry::endpoints().fold(page, |page, (function, route)| {
            page.replace(&format!("{{{{{} {}}}}}", route.method, route.path), function.name)
        });
        Ok(Self { page: page.into(), description: description(DESCRIPTION)?.into() })
    }

    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/", get(show))
            .route("/openapi.json", get(describe))
            .route("/reference/swagger-ui-bundle.js", get(async || with_type("text/javascript; charset=utf-8", SCRIPT)))
            .route("/reference/swagger-ui.css", get(async || with_type("text/css; charset=utf-8", STYLE)))
            .with_state(self)
    }
}

async fn show(State(reference): State<Reference>) -> Response {
    page_with_policy(&reference.page, "'self'")
}

async fn describe(State(reference): State<Reference>) -> Response {
    with_type("application/json", reference.description.to_string())
}

fn with_type(content_type: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// Converts the description to JSON. Its only server is a relative URL, so requests go to the host
/// and port that the page was loaded from.
fn description(yaml: &str) -> Result<String, StartError> {
    let refused = |problem: String| StartError::Description(problem);
    let mut description: Value =
        serde_norway::from_str(yaml).map_err(|error| refused(format!("is no YAML: {error}")))?;
    let servers = description.get_mut("servers").and_then(Value::as_sequence_mut);
    let servers = servers.ok_or_else(|| refused("has no servers".to_owned()))?;
    servers.retain_mut(|server| {
        let Some(url) = server.get_mut("url") else { return false };
        let path = url.as_str().and_then(|url| url.strip_prefix("http://127.0.0.1:3000")).map(str::to_owned);
        path.map(|path| *url = path.into()).is_some()
    });
    if servers.is_empty() {
        return Err(refused("has no server at http://127.0.0.1:3000".to_owned()));
    }
    serde_json::to_string(&description).map_err(|error| refused(format!("is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_to_the_host_that_served_the_page() {
        let description: Value = serde_json::from_str(&description(DESCRIPTION).unwrap()).unwrap();
        let servers = description["servers"].as_sequence().unwrap();
        assert_eq!(servers.len(), 1);
        assert_eq!(servers[0]["url"], "/api/auth/v2");
        assert_eq!(description["paths"]["/user"]["post"]["operationId"], "create-user");
    }

    #[test]
    fn a_description_without_the_local_server_is_rejected() {
        for (yaml, problem) in [
            ("servers: [", "is no YAML"),
            ("openapi: 3.1.0", "has no servers"),
            ("servers: [{url: 'https://a.example'}]", "has no server at http://127.0.0.1:3000"),
        ] {
            let error = description(yaml).unwrap_err().to_string();
            assert!(error.starts_with("openapi.yaml ") && error.contains(problem), "{error}");
        }
    }
}
