//! The routes of `cargo lambda watch`, in Cargo.toml, are those of the template.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use super::{Function, Template, default_route, entries};
use crate::support::BASE;

/// Returns the `[workspace.metadata]` of the workspace, as cargo reads it.
fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let workspace: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    workspace["metadata"].clone()
}

#[test]
fn the_registry_has_the_routes_of_the_template() {
    let template = Template::read();
    let endpoints = template.endpoints();
    let expected: BTreeSet<_> = endpoints.iter().map(|function| (function.route(), function.name)).collect();
    let paths: Vec<_> = registry::endpoints()
        .map(|(function, route)| (route.method, format!("{BASE}{}", route.path), function.name))
        .collect();
    let routes: BTreeSet<_> = paths.iter().map(|(method, path, name)| ((*method, path.as_str()), *name)).collect();
    assert_eq!(routes, expected);
}

#[test]
fn cargo_lambda_watch_has_the_routes_of_the_template() {
    let template = Template::read();
    let endpoints = template.endpoints();
    let expected: BTreeSet<_> = endpoints.iter().map(|function| (function.route(), function.name)).collect();
    let metadata = metadata();
    let routes = entries(&metadata["lambda"]["watch"]["router"]).flat_map(|(path, routes)| {
        let text = |route: &'_ Value, name: &str| route[name].as_str().expect("a text").to_owned();
        let route = move |route| ((text(route, "method"), path.to_owned()), text(route, "function"));
        routes.as_array().into_iter().flatten().map(route)
    });
    let routes: BTreeSet<_> = routes.collect();
    let routes: BTreeSet<_> = routes.iter().map(|((m, p), f)| ((m.as_str(), p.as_str()), f.as_str())).collect();
    assert_eq!(routes, expected);
}

#[test]
fn one_function_serves_every_route_that_does_not_exist() {
    let template = Template::read();
    let is_default = |function: &&Function<'_>| {
        entries(function.property("Events")).any(|(_, event)| event["Properties"] == default_route())
    };
    let functions = template.functions();
    let serving: Vec<_> = functions.iter().filter(is_default).map(|function| function.name).collect();
    assert_eq!(serving, ["reject-request"]);
    assert_eq!(metadata()["lambda"]["watch"]["router"]["/{*path}"], "reject-request");
}
