//! Codes that were never mailed, to show that they are refused.

use serde_json::json;
use shared::domain::{code::CodeKeys, verification::Verification};

use super::{Product, Settings};

/// A code key that tests know.
pub(crate) const CODE_KEY: &str = "a code key of the tests, which is no secret";

impl Settings {
    /// Returns settings with which codes are derived from [`CODE_KEY`].
    pub(crate) fn known_code_key() -> Self {
        Self { variables: vec![("CODE_KEY", CODE_KEY.to_owned())], ..Self::default() }
    }
}

impl Product {
    /// Returns the code of a verification, as an attacker could guess it, even if its email has no
    /// code. Needs [`Settings::known_code_key`].
    pub(crate) async fn derived_code(&self, id: &str) -> String {
        let items = self.items().await;
        let item = items.iter().find(|item| item.text("pk") == format!("CODE#{id}")).expect("a verification");
        let keys = CodeKeys::new(CODE_KEY, None).expect("a key that is long enough");
        let mut attributes = item.json();
        attributes["reply"] = json!({"to": attributes["address"], "content": "code", "keyID": keys.current()});
        let verification: Verification = serde_json::from_value(attributes).expect("a verification");
        verification.code(&keys).expect("a code").reveal().to_owned()
    }
}
