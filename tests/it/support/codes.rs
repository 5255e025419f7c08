//! Codes that nobody mailed, for proving that they open nothing.

use serde_json::json;
use shared::domain::{code::CodeKeys, verification::Verification};

use super::{Product, Settings};

/// A key that the test knows.
pub(crate) const CODE_KEY: &str = "the key of a test, which everybody may know";

impl Settings {
    /// Codes are derived with [`CODE_KEY`].
    pub(crate) fn known_code_key() -> Self {
        Self { variables: vec![("CODE_KEY", CODE_KEY.to_owned())], ..Self::default() }
    }
}

impl Product {
    /// The code of a verification if there is one, and if there is none what it would be: what somebody who guesses long
    /// enough would hit. Needs [`Settings::known_code_key`].
    pub(crate) async fn derived_code(&self, id: &str) -> String {
        let items = self.items().await;
        let item = items.iter().find(|item| item.text("pk") == format!("CODE#{id}")).expect("a verification");
        let keys = CodeKeys::new(CODE_KEY, None).expect("a key that is long enough");
        let mut row = item.json();
        row["reply"] = json!({"to": row["address"], "content": "code", "keyID": keys.current()});
        let verification: Verification = serde_json::from_value(row).expect("a verification");
        verification.code(&keys).expect("a code").reveal().to_owned()
    }
}
