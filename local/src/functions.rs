//! Lambda: runs the template's functions in this process, each with its own environment.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mail::Consumer;
use send_mail::SendMail;
use send_notices::SendNotices;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::{App, Config};

use crate::clock::Clock;
use crate::error::{InvokeError, StartError};
use crate::template::{REGION, Template};

/// Handles one invocation of a function.
type Handler = Arc<dyn Fn(Box<RawValue>) -> Invocation + Send + Sync>;
/// Resolves to the function's response, or to the error that it would return to Lambda.
type Invocation = Pin<Box<dyn Future<Output = Result<Box<RawValue>, String>> + Send>>;

/// A binary of the workspace, with the handler that its main.rs serves.
struct Binary {
    name: &'static str,
    handler: Box<dyn Fn(Config, Clock) -> Result<Handler, String>>,
}

/// Returns all binaries. The template must have exactly these functions.
fn binaries() -> Vec<Binary> {
    let endpoints = registry::endpoints().map(|(function, route)| Binary {
        name: function.name,
        handler: Box::new(move |config, clock| {
            if route.derives_codes {
                config.code_keys().map_err(|error| error.to_string())?;
            }
            let app = Arc::new(App::new(config));
            Ok(Arc::new(move |event| {
                let (app, now) = (Arc::clone(&app), clock.now());
                Box::pin(async move { json(&(route.respond)(&app, now, &event).await) })
            }))
        }),
    });
    endpoints.chain([handle_mail_event(), consumer::<SendMail>(), consumer::<SendNotices>()]).collect()
}

fn consumer<C: Consumer + Send + 'static>() -> Binary {
    Binary {
        name: C::NAME,
        handler: Box::new(|config, clock| {
            let function = Arc::new(C::new(&config).map_err(|error| error.to_string())?);
            Ok(Arc::new(move |event| {
                let (function, clock) = (Arc::clone(&function), clock.clone());
                Box::pin(async move { json(&mail::handle(&*function, &|| clock.now(), &event).await) })
            }))
        }),
    }
}

fn handle_mail_event() -> Binary {
    Binary {
        name: handle_mail_event::NAME,
        handler: Box::new(|config, clock| {
            let function = Arc::new(handle_mail_event::HandleMailEvent::new(&config));
            Ok(Arc::new(move |event| {
                let (function, now) = (Arc::clone(&function), clock.now());
                Box::pin(async move { json(&function.handle(now, &event).await.map_err(|fault| fault.to_string())?) })
            }))
        }),
    }
}

fn json(response: &impl Serialize) -> Result<Box<RawValue>, String> {
    to_raw_value(response).map_err(|error| error.to_string())
}

/// The URLs at which the functions reach AWS.
pub(crate) struct Endpoints {
    pub(crate) dynamodb: String,
    pub(crate) sesv2: String,
}

/// The started functions, ready to be invoked.
pub(crate) struct Functions {
    by_name: BTreeMap<String, Function>,
}

struct Function {
    handler: Handler,
    timeout: Duration,
    environment: BTreeMap<String, String>,
}

impl Functions {
    /// Starts every function of the template. `overrides` take precedence over the environment that
    /// the template gives a function.
    pub(crate) fn start(
        template: &Template,
        endpoints: &Endpoints,
        overrides: &BTreeMap<String, String>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let mut binaries: BTreeMap<&str, Binary> = binaries().into_iter().map(|binary| (binary.name, binary)).collect();
        let mut by_name = BTreeMap::new();
        for function in &template.functions {
            let failed = |problem: String| StartError::Function { name: function.name.clone(), problem };
            let binary = binaries.remove(function.name.as_str()).ok_or_else(|| {
                failed("is in template.yaml, but the local stack does not know it, or it is there twice".to_owned())
            })?;
            let mut environment = reserved(endpoints);
            environment.extend(function.environment.clone());
            environment.extend(overrides_of(&function.name, overrides));
            let config = Config::from_variables(&|name| environment.get(name).cloned())
                .map_err(|error| failed(error.to_string()))?;
            let handler = (binary.handler)(config, clock.clone()).map_err(failed)?;
            by_name.insert(function.name.clone(), Function { handler, timeout: function.timeout, environment });
        }
        match binaries.into_keys().next() {
            Some(name) => {
                Err(StartError::Function { name: name.to_owned(), problem: "is not in template.yaml".to_owned() })
            }
            None => Ok(Self { by_name }),
        }
    }

    /// Returns the environment of a function, or `None` if there is no such function.
    pub(crate) fn environment(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        Some(&self.by_name.get(name)?.environment)
    }

    /// Returns the variables of all functions together.
    pub(crate) fn variables(&self) -> BTreeMap<&str, &str> {
        let variables = self.by_name.values().flat_map(|function| &function.environment);
        variables.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Invokes a function. As in Lambda, it runs to its end even if the returned future is dropped.
    pub(crate) async fn invoke(&self, name: &str, event: Box<RawValue>) -> Result<Box<RawValue>, InvokeError> {
        let function = self.by_name.get(name).ok_or_else(|| InvokeError::Unknown(name.to_owned()))?;
        let running = tokio::spawn(tokio::time::timeout(function.timeout, (function.handler)(event)));
        match running.await {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(error))) => Err(InvokeError::Failed(name.to_owned(), error)),
            Ok(Err(_)) => Err(InvokeError::TimedOut(name.to_owned())),
            Err(panic) => Err(InvokeError::Crashed(name.to_owned(), panic.to_string())),
        }
    }
}

/// Returns the variables that Lambda itself sets, and the URLs of DynamoDB and SES.
fn reserved(endpoints: &Endpoints) -> BTreeMap<String, String> {
    let variables = [
        ("AWS_REGION", REGION),
        // The SDK needs credentials to sign requests. The local stack does not check them.
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_SESV2", &endpoints.sesv2),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Returns the overrides for all functions, followed by those for this function only.
fn overrides_of(function: &str, overrides: &BTreeMap<String, String>) -> impl Iterator<Item = (String, String)> {
    let for_all = overrides.iter().filter(|(name, _)| !name.contains('/'));
    let own = overrides.iter().filter_map(move |(name, value)| match name.split_once('/') {
        Some((of, name)) if of == function => Some((name.to_owned(), value.clone())),
        _ => None,
    });
    for_all.map(|(name, value)| (name.clone(), value.clone())).chain(own)
}
