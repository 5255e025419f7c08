//! `EventBridge`'s default bus: events to the functions whose rules match them.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::filter::Filter;
use crate::functions::Functions;
use crate::template::Template;

/// The rules of the template, and the functions behind them. Clones share both.
#[derive(Clone)]
pub(crate) struct EventBus {
    template: Arc<Template>,
    functions: Arc<Functions>,
}

impl EventBus {
    pub(crate) fn new(template: Arc<Template>, functions: Arc<Functions>) -> Self {
        Self { template, functions }
    }

    /// Hands an event to every function that has a rule for it, and waits for them.
    ///
    /// If one fails, Lambda tries again, twice and minutes later; here the event is lost, and that is said.
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
