//! Bodies for snapshots: values that differ from run to run are checked, and then replaced.

use serde_json::Value;
use uuid::{Uuid, Version};

use super::Product;

impl Product {
    /// Returns the body with `[...]` for every ID, bearer token, key pair and time in it.
    pub(crate) fn redacted(&self, body: &Value) -> Value {
        redacted("", body, self.stack.clock().now().seconds())
    }
}

fn redacted(name: &str, value: &Value, now: i64) -> Value {
    match (name, value) {
        (_, Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| (name.clone(), redacted(name, value, now));
            Value::Object(members.iter().map(member).collect())
        }
        (_, Value::Array(values)) => values.iter().map(|value| redacted(name, value, now)).collect(),
        ("bearer", Value::String(bearer)) => {
            assert!(bearer.len() == 64 && bearer.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{bearer}");
            "[bearer]".into()
        }
        ("apiKey" | "apiSecret", Value::String(text)) => {
            let length = if name == "apiKey" { 32 } else { 64 };
            assert!(text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
            format!("[{name}]").into()
        }
        ("instance", Value::String(urn)) => {
            assert_id(urn.strip_prefix("urn:uuid:").expect("a URN"));
            "[URN]".into()
        }
        ("expireAt", value) => {
            // Rounded up to the minute, because some seconds may have passed.
            let minutes = (value.as_i64().expect("a whole number") - now + 59).div_euclid(60);
            if minutes % 60 == 0 { format!("[in {} h]", minutes / 60) } else { format!("[in {minutes} min]") }.into()
        }
        ("authenticatedAt" | "createdAt", value) => {
            // Some seconds may have passed.
            let passed = now - value.as_i64().expect("a whole number");
            if (0..60).contains(&passed) { "[now]".into() } else { format!("[{} min ago]", passed / 60).into() }
        }
        (name, Value::String(id)) if name.ends_with("ID") => {
            assert_id(id);
            "[ID]".into()
        }
        (_, value) => value.clone(),
    }
}

/// Asserts that an ID is a UUID of version 4 in lower case.
fn assert_id(id: &str) {
    let uuid = Uuid::parse_str(id).expect("a UUID");
    assert_eq!((uuid.get_version(), uuid.to_string().as_str()), (Some(Version::Random), id));
}
