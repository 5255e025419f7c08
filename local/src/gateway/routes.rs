//! Finds the function that handles a request.

use std::collections::BTreeMap;

use axum::http::Method;
use matchit::Router;

use crate::error::StartError;
use crate::template::Template;

/// The template's routes.
pub(crate) struct Routes {
    /// The targets by path, then by method.
    paths: Router<BTreeMap<String, Target>>,
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
        for (route, function) in template.routes() {
            let key = format!("{} {}", route.method, route.path);
            let target = Target { function: function.name.clone(), key: key.clone() };
            // matchit writes API Gateway's greedy `{name+}` as `{*name}`.
            let segment = |segment: &str| match segment.strip_suffix("+}") {
                Some(greedy) => greedy.replacen('{', "{*", 1) + "}",
                None => segment.to_owned(),
            };
            let path = route.path.split('/').map(segment).collect::<Vec<_>>().join("/");
            if by_path.entry(path).or_default().insert(route.method.clone(), target).is_some() {
                return Err(StartError::template(key, "is there twice"));
            }
        }
        let mut paths = Router::new();
        for (path, methods) in by_path {
            paths.insert(&path, methods).map_err(|error| StartError::template(path, error.to_string()))?;
        }
        Ok(Self { paths })
    }

    /// Returns the route for a method and a path. The path is not decoded.
    pub(super) fn find<'a>(&'a self, method: &Method, path: &'a str) -> Option<MatchedRoute<'a>> {
        let found = self.paths.at(path).ok()?;
        let target = found.value.get(method.as_str()).or_else(|| found.value.get("ANY"))?;
        Some(MatchedRoute { function: &target.function, key: &target.key, variables: found.params.iter().collect() })
    }
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
    fn an_unknown_method_or_path_has_no_route() {
        let routes = routes();
        for (method, path) in [
            (Method::HEAD, "/api/auth/v2/session"),
            (Method::PATCH, "/api/auth/v2/user"),
            (Method::POST, "/api/auth/v2/user/"),
            (Method::POST, "/API/auth/v2/user"),
            (Method::GET, "/api/auth/v2/user/id/"),
            (Method::GET, "/api/auth/v2/user/id/a/b"),
        ] {
            assert!(routes.find(&method, path).is_none(), "{method} {path}");
        }
    }
}
