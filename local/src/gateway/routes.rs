//! Finds the function that handles a request.

use std::collections::BTreeMap;

use axum::http::Method;
use matchit::Router;

use crate::error::StartError;
use crate::template::{Route, Template};

/// The template's routes.
pub(crate) struct Routes {
    /// The targets by path, then by method.
    paths: Router<BTreeMap<String, Target>>,
    /// The target of every other request.
    default: Option<Target>,
}

struct Target {
    function: String,
    key: String,
}

/// The route that matches a request.
pub(super) struct MatchedRoute<'a> {
    pub(super) function: &'a str,
    /// The route key as in the template, such as `GET /user/id/{id}`.
    pub(super) key: &'a str,
    /// The path variables as they were sent, without decoding.
    pub(super) variables: Vec<(&'a str, &'a str)>,
}

impl Routes {
    /// Collects the routes of the template.
    pub(crate) fn new(template: &Template) -> Result<Self, StartError> {
        let mut by_path: BTreeMap<String, BTreeMap<String, Target>> = BTreeMap::new();
        let mut default = None;
        for (route, function) in template.routes() {
            let key = match route {
                Route::Path { method, path } => format!("{method} {path}"),
                Route::Default => "$default".to_owned(),
            };
            let target = Target { function: function.name.clone(), key: key.clone() };
            let replaced = match route {
                Route::Path { method, path } => {
                    by_path.entry(for_matchit(path)).or_default().insert(method.clone(), target)
                }
                Route::Default => default.replace(target),
            };
            if replaced.is_some() {
                return Err(StartError::template(key, "is there twice"));
            }
        }
        let mut paths = Router::new();
        for (path, methods) in by_path {
            paths.insert(&path, methods).map_err(|error| StartError::template(path, error.to_string()))?;
        }
        Ok(Self { paths, default })
    }

    /// Returns the route for a method and a path. The path is not decoded.
    pub(super) fn find<'a>(&'a self, method: &Method, path: &'a str) -> Option<MatchedRoute<'a>> {
        let of_path = self.paths.at(path).ok().and_then(|found| {
            let target = found.value.get(method.as_str()).or_else(|| found.value.get("ANY"))?;
            Some((target, found.params.iter().collect()))
        });
        let (target, variables) = of_path.or_else(|| Some((self.default.as_ref()?, Vec::new())))?;
        Some(MatchedRoute { function: &target.function, key: &target.key, variables })
    }
}

/// Writes API Gateway's greedy `{name+}` as matchit's `{*name}`.
fn for_matchit(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_suffix("+}") {
        Some(greedy) => greedy.replacen('{', "{*", 1) + "}",
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn routes() -> Routes {
        let template = Template::read(crate::template::TEXT, &BTreeMap::new(), "").unwrap();
        Routes::new(&template).unwrap()
    }

    #[test]
    fn the_method_and_the_path_determine_the_function() {
        let routes = routes();
        let found = routes.find(&Method::GET, "/api/auth/v2/user/id/a%20b").unwrap();
        assert_eq!(found.function, "get-user");
        assert_eq!(found.key, "GET /api/auth/v2/user/id/{id}");
        assert_eq!(found.variables, [("id", "a%20b")]);
        assert_eq!(routes.find(&Method::POST, "/api/auth/v2/user").unwrap().function, "create-user");
    }

    #[test]
    fn an_unknown_method_or_path_has_the_default_route() {
        let routes = routes();
        for (method, path) in [
            (Method::HEAD, "/api/auth/v2/session"),
            (Method::PATCH, "/api/auth/v2/user"),
            (Method::POST, "/api/auth/v2/user/"),
            (Method::POST, "/API/auth/v2/user"),
            (Method::GET, "/api/auth/v2/user/id/"),
            (Method::GET, "/api/auth/v2/user/id/a/b"),
        ] {
            let found = routes.find(&method, path).unwrap();
            assert_eq!((found.function, found.key), ("reject-request", "$default"), "{method} {path}");
            assert!(found.variables.is_empty());
        }
    }
}
