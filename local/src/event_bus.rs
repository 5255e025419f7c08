//! `EventBridge`'s default bus, which routes events to the functions whose rules match them.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::filter::Filter;
use crate::functions::Functions;
use crate::template::Template;

/// The template's rules and the functions they invoke. Clones share both.
#[derive(Clone)]
pub(crate) struct EventBus {
    template: Arc<Template>,
    functions: Arc<Functions>,
}

impl EventBus {
    pub(crate) fn new(template: Arc<Template>, functions: Arc<Functions>) -> Self {
        Self { template, functions }
    }

    /// Invokes every function with a rule that matches the event, and waits for all of them.
    ///
    /// If a function fails, Lambda retries twice, minutes later. The local stack does not retry: it
    /// logs that the event is lost.
    pub(crate) async fn put(&self, event: &Value) {
        let wants = |rules: &[Filter]| rules.iter().any(|rule| rule.matches(event));
        for function in self.template.functions.iter().filter(|function| wants(&function.rules)) {
            let Ok(event) = to_raw_value(event) else { continue };
            if let Err(error) = self.functions.invoke(&function.name, event).await {
                tracing::error!(%error, "an event was lost");
            }
        }
    }
}
