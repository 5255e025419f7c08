//! Reads the parts of template.yaml that the local stack uses: routes, environments, the table and
//! its stream.

mod api;
mod function;
mod parameters;
mod resolve;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_norway::Value;

pub(crate) use api::Cors;
pub(crate) use function::{Function, Route, StreamSource};
pub(crate) use table::Table;

use crate::error::StartError;
use resolve::Scope;

/// The repository's template, which is also the one that is deployed.
pub(crate) const TEXT: &str = include_str!("../../template.yaml");

/// The AWS region that the functions see.
pub(crate) const REGION: &str = "us-east-1";

/// The AWS account that the functions see.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The value of `AWS::StackName`, and the name of the table if the template does not name it.
pub(crate) const STACK_NAME: &str = "latchkey";

/// template.yaml with its parameters, conditions and references resolved.
pub(crate) struct Template {
    pub(crate) table: Table,
    pub(crate) cors: Option<Cors>,
    pub(crate) functions: Vec<Function>,
}

impl Template {
    /// Reads the template. `secret` is the value of every secret that Secrets Manager would
    /// generate.
    pub(crate) fn read(text: &str, parameters: &BTreeMap<String, String>, secret: &str) -> Result<Self, StartError> {
        let root: Value = serde_norway::from_str(text)?;
        let parameters = parameters::values(&root, parameters)?;
        let scope = Scope::new(&root, parameters, secret);

        let mut tables = Vec::new();
        let mut functions = Vec::new();
        let mut cors = None;
        for (id, resource) in scope.resources() {
            match resource.get("Type").and_then(Value::as_str) {
                _ if !scope.exists(id, resource)? => {}
                Some("AWS::DynamoDB::Table") => tables.push(Table::read(&scope, id, resource)?),
                Some("AWS::Serverless::HttpApi") => cors = Cors::read(&scope, id, resource)?,
                Some("AWS::Serverless::Function") => {
                    functions.push(Function::read(&scope, &root, id, resource)?);
                }
                _ => {}
            }
        }
        let mut tables = tables.into_iter();
        match (tables.next(), tables.next()) {
            (Some(table), None) => Ok(Self { table, cors, functions }),
            _ => Err(StartError::template("Resources", "the local stack expects exactly one AWS::DynamoDB::Table")),
        }
    }

    /// Returns the functions that read a stream.
    pub(crate) fn stream_readers(&self) -> impl Iterator<Item = (&Function, &Arc<StreamSource>)> {
        self.functions.iter().filter_map(|function| Some((function, function.stream.as_ref()?)))
    }

    /// Returns every route with its function, in the template's order.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&Route, &Function)> {
        self.functions.iter().flat_map(|function| function.routes.iter().map(move |route| (route, function)))
    }
}

#[cfg(test)]
mod tests;
