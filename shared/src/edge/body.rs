//! JSON bodies: one object, no key twice, every wrong field told at once.

use std::{borrow::Cow, collections::BTreeMap, fmt::Display, str::FromStr};

use serde::Deserialize;
use serde_json::{Value, error::Category};
use serde_with::rust::maps_duplicate_key_is_error;

use crate::{Error, code::TypedCode, error::FieldError};

const LARGEST: usize = 8 * 1024;

/// What an endpoint wants to read from a body.
pub trait Form: Sized {
    /// Takes the fields out. Every field is to be taken before the first `?`, so that all errors are told at once.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// A value of the domain, read from JSON.
pub trait Field: Sized {
    /// # Errors
    /// What it must be: a fixed sentence fragment in printable ASCII.
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>>;
}

/// Texts that a type of the domain can be parsed from.
impl<T: FromStr<Err: Display>> Field for T {
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>> {
        let text = value.as_str().ok_or("must be a string")?;
        text.parse().map_err(|error: T::Err| error.to_string().into())
    }
}

impl Field for TypedCode {
    fn from_json(value: &Value) -> Result<Self, Cow<'static, str>> {
        const LARGEST: f64 = 999_999_999_999.0;
        let of_digits = |text: &str| matches!(text.len(), 6 | 12) && text.bytes().all(|byte| byte.is_ascii_digit());
        let text = value.as_str().map(str::trim).filter(|text| of_digits(text));
        // 123456.0 is a whole number in JSON (JSON Schema Validation §6.1.1), and all that some clients can write.
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=LARGEST).contains(number));
        let number = number.and_then(|number| format!("{:.0}", number.abs()).parse().ok());
        let code = text.map(|text| Self::Text(text.to_owned())).or(number.map(Self::Number));
        code.ok_or(Cow::Borrowed("must be the code from the email: 6 or 12 digits, as a string"))
    }
}

/// The members of the body's object, and what was found wrong with them so far.
pub struct Fields {
    members: BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The field of that name; `None`, and an error to tell, if it is missing or can't be used.
    pub fn take<T: Field>(&mut self, field: &'static str) -> Option<T> {
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

pub(super) fn read<F: Form>(body: &[u8]) -> Result<F, Error> {
    if body.len() > LARGEST {
        return Err(Error::Malformed("The body is larger than 8 KiB"));
    }
    let object = serde_json::from_slice::<Object>(body).map_err(|error| match error.classify() {
        Category::Data => Error::Malformed("The body must be a single JSON object without duplicate keys"),
        _ => Error::Malformed("The body is not valid UTF-8 JSON"),
    })?;
    let mut fields = Fields { members: object.0, errors: Vec::new() };
    F::read(&mut fields).ok_or(Error::Invalid(fields.errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::{UserId, id::VerificationId};

    #[derive(Debug)]
    struct Proof {
        id: VerificationId,
        code: TypedCode,
    }

    impl Form for Proof {
        fn read(fields: &mut Fields) -> Option<Self> {
            let (id, code) = (fields.take("id"), fields.take("code"));
            Some(Self { id: id?, code: code? })
        }
    }

    fn refusal(body: &str) -> String {
        read::<Proof>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_object_with_its_fields_is_read_and_others_are_ignored() {
        let id = UserId::generate().to_string();
        let body = format!(r#"{{"id":"{id}","code":"012345","more":[{{}}]}}"#);
        let proof = read::<Proof>(body.as_bytes()).unwrap();
        assert_eq!(proof.id.to_string(), id);
        assert!(matches!(proof.code, TypedCode::Text(text) if text == "012345"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let told = refusal(r#"{"code":[1]}"#);
        assert!(told.starts_with("id is missing; code must be the code from the email"), "{told}");
        assert_eq!(refusal(r#"{"id":7,"code":1}"#), "id must be a string");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_however_it_is_spelt() {
        for body in [r#"{"id":"a","id":"b"}"#, r#"{"id":"a","\u0069d":"b"}"#, r#"{"x":1,"x":1}"#] {
            assert!(refusal(body).contains("duplicate keys"), "{body}");
        }
    }

    #[test]
    fn only_one_object_is_a_body() {
        for body in ["[]", r#"["5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e","123456"]"#, "null", "1", r#""{}""#] {
            assert!(refusal(body).contains("a single JSON object"), "{body}");
        }
        for body in ["", "{", "{} {}", "{'id':1}", "\u{feff}{}"] {
            assert!(refusal(body).contains("not valid UTF-8 JSON"), "{body}");
        }
        assert!(read::<Proof>(b"{\"id\":\"\xff\"}").unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_body_may_have_8_kib_and_not_a_byte_more() {
        let padded = |size: usize| format!("{:width$}", "{}", width = size);
        assert!(refusal(&padded(8192)).contains("id is missing"));
        assert!(refusal(&padded(8193)).contains("larger than 8 KiB"));
    }

    #[test]
    fn codes_are_digits_in_a_string_or_a_whole_number() {
        let code = |json: &str| TypedCode::from_json(&serde_json::from_str(json).unwrap());
        for good in [r#""123456""#, r#"" 012345 ""#, r#""123456789012""#, "12345", "0", "999999999999"] {
            assert!(code(good).is_ok(), "{good}");
        }
        for good in ["12345", "12345.0", "1.2345e4", "12345000e-3"] {
            assert!(matches!(code(good), Ok(TypedCode::Number(12345))), "{good}");
        }
        assert!(matches!(code("-0"), Ok(TypedCode::Number(0))));
        for bad in [
            r#""12345""#,
            r#""1234567""#,
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
        fn any_code_is_refused_or_has_at_most_twelve_digits(
            json in prop_oneof!["-?[0-9]{1,16}([.][0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", r#""\PC{0,14}""#, r#""[ 0-9]{5,14}""#],
        ) {
            // Leading zeros are no JSON, nor are numbers beyond a float's.
            let Ok(value) = serde_json::from_str::<Value>(&json) else { return Ok(()) };
            match TypedCode::from_json(&value) {
                Ok(TypedCode::Text(text)) => prop_assert!(matches!(text.len(), 6 | 12) && json.contains(&text)),
                Ok(TypedCode::Number(number)) => prop_assert_eq!(value.as_f64(), number.to_string().parse().ok()),
                Err(_) => prop_assert!(value.as_u64().is_none_or(|number| number > 999_999_999_999)),
            }
        }
    }
}
