//! JSON bodies: a single object without duplicate keys. All invalid members are reported at once.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde::Deserialize;
use serde_json::{Value, error::Category};
use serde_with::rust::maps_duplicate_key_is_error;

use crate::{
    domain::{
        code::SubmittedCode,
        key_pair::KeyDays,
        rejection::{Reason, Rejection},
    },
    error::{Error, FieldError},
};

const MAX_BYTES: usize = 8 * 1024;

/// A type that is read from the body of a request.
pub trait FromBody: Sized {
    /// Takes the members out. Every member is taken before the first `?`, so that all errors are
    /// reported at once.
    fn read(members: &mut Members) -> Option<Self>;
}

/// A type that is read from a JSON value.
pub trait FromJson: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// The requirement that the value does not meet.
    fn from_json(value: &Value) -> Result<Self, Rejection>;
}

/// Types that are parsed from a string.
impl<T: FromStr<Err: Display + Copy + Into<Reason>>> FromJson for T {
    fn from_json(value: &Value) -> Result<Self, Rejection> {
        let text = value.as_str().ok_or_else(|| Rejection::new(Reason::Type, "must be a string"))?;
        text.parse().map_err(|error: T::Err| Rejection::new(error.into(), error.to_string()))
    }
}

impl FromJson for SubmittedCode {
    fn from_json(value: &Value) -> Result<Self, Rejection> {
        const MAX: f64 = 999_999_999_999.0;
        let text = value.as_str().and_then(Self::from_text);
        // 123456.0 is an integer in JSON (JSON Schema Validation §6.1.1), and the only form that
        // some clients can write.
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=MAX).contains(number));
        let number = number.and_then(|number| format!("{:.0}", number.abs()).parse().ok());
        let reason = if value.is_string() || value.is_number() { Reason::Format } else { Reason::Type };
        let rejection = || Rejection::new(reason, "must be the code from the email: 6 to 12 digits, as a string");
        text.or(number.map(Self::Number)).ok_or_else(rejection)
    }
}

impl FromJson for KeyDays {
    fn from_json(value: &Value) -> Result<Self, Rejection> {
        // 7.0 is an integer in JSON, as in a code.
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=999.0).contains(number));
        let days = number.and_then(|number| format!("{:.0}", number.abs()).parse().ok()).and_then(Self::new);
        let reason = if value.is_number() { Reason::Range } else { Reason::Type };
        days.ok_or(Rejection::new(reason, "must be a whole number from 1 to 365"))
    }
}

/// The members of a body's object, and the errors found so far.
pub struct Members {
    members: BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Members {
    /// Takes a member out. Returns `None`, and records an error, if it is missing or invalid.
    pub fn take<T: FromJson>(&mut self, field: &'static str) -> Option<T> {
        let read = match self.members.get(field) {
            None | Some(Value::Null) => Err(Rejection::new(Reason::Missing, "is missing")),
            Some(value) => T::from_json(value),
        };
        read.map_err(|rejection| self.errors.push(FieldError { field, rejection })).ok()
    }

    /// Takes a member out that can be absent. Returns `None`, and records an error, if it is `null`
    /// or invalid.
    pub fn take_optional<T: FromJson>(&mut self, field: &'static str) -> Option<Option<T>> {
        if self.members.contains_key(field) { self.take(field).map(Some) } else { Some(None) }
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Object(#[serde(with = "maps_duplicate_key_is_error")] BTreeMap<String, Value>);

pub(super) fn read<T: FromBody>(body: &[u8]) -> Result<T, Error> {
    if body.len() > MAX_BYTES {
        return Err(Error::Malformed("The body is larger than 8 KiB"));
    }
    let object = serde_json::from_slice::<Object>(body).map_err(|error| match error.classify() {
        Category::Data => Error::Malformed("The body must be a single JSON object without duplicate keys"),
        _ => Error::Malformed("The body is not valid UTF-8 JSON"),
    })?;
    let mut members = Members { members: object.0, errors: Vec::new() };
    T::read(&mut members).ok_or(Error::Invalid(members.errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::domain::id::{UserId, VerificationId};

    #[derive(Debug)]
    struct Submission {
        id: VerificationId,
        code: SubmittedCode,
    }

    impl FromBody for Submission {
        fn read(members: &mut Members) -> Option<Self> {
            let (id, code) = (members.take("id"), members.take("code"));
            Some(Self { id: id?, code: code? })
        }
    }

    fn refusal(body: &str) -> String {
        read::<Submission>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_object_is_read_and_unknown_members_are_ignored() {
        let id = UserId::generate().to_string();
        let body = format!(r#"{{"id":"{id}","code":"012345","more":[{{}}]}}"#);
        let submission = read::<Submission>(body.as_bytes()).unwrap();
        assert_eq!(submission.id.to_string(), id);
        assert!(matches!(submission.code, SubmittedCode::Text(text) if text == "012345"));
    }

    #[test]
    fn all_errors_are_reported_at_once() {
        let reported = refusal(r#"{"code":[1]}"#);
        assert!(reported.starts_with("id is missing; code must be the code from the email"), "{reported}");
        assert_eq!(refusal(r#"{"id":7,"code":1}"#), "id must be a string");
    }

    #[test]
    fn a_duplicate_key_is_rejected_however_it_is_escaped() {
        for body in [r#"{"id":"a","id":"b"}"#, r#"{"id":"a","\u0069d":"b"}"#, r#"{"x":1,"x":1}"#] {
            assert!(refusal(body).contains("duplicate keys"), "{body}");
        }
    }

    #[test]
    fn a_body_is_a_single_object() {
        for body in ["[]", r#"["5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e","123456"]"#, "null", "1", r#""{}""#] {
            assert!(refusal(body).contains("a single JSON object"), "{body}");
        }
        for body in ["", "{", "{} {}", "{'id':1}", "\u{feff}{}"] {
            assert!(refusal(body).contains("not valid UTF-8 JSON"), "{body}");
        }
        assert!(read::<Submission>(b"{\"id\":\"\xff\"}").unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_body_has_at_most_8_kib() {
        let padded = |size: usize| format!("{:width$}", "{}", width = size);
        assert!(refusal(&padded(8192)).contains("id is missing"));
        assert!(refusal(&padded(8193)).contains("larger than 8 KiB"));
    }

    #[test]
    fn a_code_is_a_string_of_digits_or_an_integer() {
        let code = |json: &str| SubmittedCode::from_json(&serde_json::from_str(json).unwrap());
        for good in [r#""123456""#, r#"" 012345 ""#, r#""1234567""#, r#""123456789012""#, "12345", "0", "999999999999"]
        {
            assert!(code(good).is_ok(), "{good}");
        }
        for pasted in ["123 456", "123-456", "\n12 34\u{a0}56\t", "\u{2010}123\u{2013}456\u{2212}", "1-2-3-4-5-6"] {
            assert!(matches!(code(&json!(pasted).to_string()), Ok(SubmittedCode::Text(text)) if text == "123456"));
        }
        for good in ["12345", "12345.0", "1.2345e4", "12345000e-3"] {
            assert!(matches!(code(good), Ok(SubmittedCode::Number(12345))), "{good}");
        }
        assert!(matches!(code("-0"), Ok(SubmittedCode::Number(0))));
        for bad in [
            r#""12345""#,
            r#""12 345""#,
            r#""1234 5678 9012 3""#,
            r#""1234567890123""#,
            r#""123_456""#,
            r#"" - ""#,
            r#""12345a""#,
            r#""١٢٣٤٥٦""#,
            "-1",
            "12345.5",
            "1e12",
            "1000000000000",
            "true",
            "{}",
        ] {
            assert!(code(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_code_is_rejected_or_has_at_most_twelve_digits(
            json in prop_oneof!["-?[0-9]{1,16}([.][0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", r#""\PC{0,14}""#, r#""[ 0-9-]{5,20}""#],
        ) {
            // Leading zeros and numbers beyond the range of a double are not JSON.
            let Ok(value) = serde_json::from_str::<Value>(&json) else { return Ok(()) };
            match SubmittedCode::from_json(&value) {
                Ok(SubmittedCode::Text(text)) => {
                    let digits: String = json.chars().filter(char::is_ascii_digit).collect();
                    prop_assert!((6..=12).contains(&text.len()) && text == digits);
                }
                Ok(SubmittedCode::Number(number)) => prop_assert_eq!(value.as_f64(), number.to_string().parse().ok()),
                Err(_) => prop_assert!(value.as_u64().is_none_or(|number| number > 999_999_999_999)),
            }
        }
    }
}
