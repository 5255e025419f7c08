//! The API's settings in the template: the origins that may call it from a browser.

use serde_norway::Value;

use super::resolve::Scope;
use crate::error::StartError;

/// The `x-amazon-apigateway-cors` in the `DefinitionBody` of the `AWS::Serverless::HttpApi`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    /// The origins whose pages may call the API; `*` for all.
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    /// The response headers that a page may read.
    pub(crate) exposed: Vec<String>,
    pub(crate) max_age: Option<i64>,
}

const EXTENSION: &str = "x-amazon-apigateway-cors";

impl Cors {
    pub(super) fn read(scope: &Scope<'_>, id: &str, resource: &Value) -> Result<Option<Self>, StartError> {
        let body = resource.get("Properties").and_then(|all| all.get("DefinitionBody"));
        let Some(configuration) = body.and_then(|body| body.get(EXTENSION)) else { return Ok(None) };
        let place = |property: &str| format!("{id}.DefinitionBody.{EXTENSION}.{property}");
        let list = |property: &str| match configuration.get(property) {
            Some(list) => scope.texts(&place(property), list),
            None => Ok(Vec::new()),
        };
        Ok(Some(Self {
            origins: list("allowOrigins")?,
            methods: list("allowMethods")?,
            headers: list("allowHeaders")?,
            exposed: list("exposeHeaders")?,
            max_age: scope.number(&place("maxAge"), configuration.get("maxAge"))?,
        }))
    }
}
