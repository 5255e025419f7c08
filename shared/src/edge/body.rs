//! JSON bodies: a single object without duplicate keys. All invalid members are reported at once.

use std::{borrow::Cow, collections::BTreeMap, fmt::Display, str::FromStr};

use serde::Deserialize;
use serde_json::{Value, error::Category};
use serde_with::rust::maps_duplicate_key_is_error;

use crate::{
    domain::{
        code::{Digits, SubmittedCode},
        key_pair::KeyDays,
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
    /// The requirement that the value does not meet: a fixed sentence fragment in printable ASCII.
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>>;
}

/// Types that are parsed from a string.
impl<T: FromStr<Err: Display>> FromJson for T {
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>> {
        let text = value.as_str().ok_or("must be a string")?;
        text.parse().map_err(|error: T::Err| error.to_string().into())
    }
}

impl FromJson for SubmittedCode {
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>> {
        const MAX: f64 = 999_999_999_999.0;
        let of_digits = |text: &str| Digits::are_possible(text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let text = value.as_str().map(str::trim).filter(|text| of_digits(text));
        // 123456.0 is an integer in JSON (JSON Schema Validation §6.1.1), and the only form that
        // some clients can write.
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=MAX).contains(number));
        let number = number.and_then(|number| format!("{:.0}", number.abs()).parse().ok());
        let code = text.map(|text| Self::Text(text.to_owned())).or(number.map(Self::Number));
        code.ok_or(Cow::Borrowed("must be the code from the email: 6 to 12 digits, as a string"))
    }
}

impl FromJson for KeyDays {
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>> {
        // 7.0 is an integer in JSON, as in a code.
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=999.0).contains(number));
        let days = number.and_then(|number| format!("{:.0}", number.abs()).parse().ok()).and_then(Self::new);
        days.ok_or(Cow::Borrowed("must be a whole number from 1 to 365"))
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
            None | Some(Value::Null) => Err(Cow::Borrowed("is missing")),
            Some(value) => T::from_json(value),
        };
        read.map_err(|message| self.errors.push(FieldError { field, message })).ok()
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
        for good in ["12345", "12345.0", "1.2345e4", "12345000e-3"] {
            assert!(matches!(code(good), Ok(SubmittedCode::Number(12345))), "{good}");
        }
        assert!(matches!(code("-0"), Ok(SubmittedCode::Number(0))));
        for bad in [
            r#""12345""#,
            r#""1234567890123""#,
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
            json in prop_oneof!["-?[0-9]{1,16}([.][0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", r#""\PC{0,14}""#, r#""[ 0-9]{5,14}""#],
        ) {
            // Leading zeros and numbers beyond the range of a double are not JSON.
            let Ok(value) = serde_json::from_str::<Value>(&json) else { return Ok(()) };
            match SubmittedCode::from_json(&value) {
                Ok(SubmittedCode::Text(text)) => prop_assert!((6..=12).contains(&text.len()) && json.contains(&text)),
                Ok(SubmittedCode::Number(number)) => prop_assert_eq!(value.as_f64(), number.to_string().parse().ok()),
                Err(_) => prop_assert!(value.as_u64().is_none_or(|number| number > 999_999_999_999)),
            }
        }
    }
}
