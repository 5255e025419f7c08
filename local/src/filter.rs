//! Event filter patterns, which select the records and events that a function receives.

use serde_json::Value;

/// A pattern of an event source's `FilterCriteria` or of an `EventBridge` rule. Lambda and
/// `EventBridge` use the same syntax.
#[derive(Debug)]
pub(crate) enum Filter {
    /// Every field matches its own pattern.
    Fields(Vec<(String, Filter)>),
    /// The value matches one of these.
    OneOf(Vec<Matcher>),
}

#[derive(Debug)]
pub(crate) enum Matcher {
    Equals(Value),
    EqualsIgnoringCase(String),
    Exists(bool),
    Not(Vec<Matcher>),
    /// Every comparison holds.
    Numeric(Vec<(Comparison, f64)>),
    Prefix(String),
    Suffix(String),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Parses a pattern. An operator that the local stack does not support is an error, because
    /// ignoring it would let every record through.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let pattern = serde_json::from_str(pattern).map_err(|error| format!("a pattern is no JSON: {error}"))?;
        match pattern {
            Value::Object(_) => Self::read(&pattern),
            _ => Err("a pattern is an object".to_owned()),
        }
    }

    fn read(pattern: &Value) -> Result<Self, String> {
        match pattern {
            Value::Object(fields) if fields.contains_key("$or") => {
                Err("the local stack does not know the operator $or".to_owned())
            }
            Value::Object(fields) => fields
                .iter()
                .map(|(name, pattern)| Ok((name.clone(), Self::read(pattern)?)))
                .collect::<Result<_, _>>()
                .map(Self::Fields),
            Value::Array(matchers) => matchers.iter().map(Matcher::read).collect::<Result<_, _>>().map(Self::OneOf),
            other => Err(format!("`{other}` stands alone: a pattern ends in lists")),
        }
    }

    /// Returns whether a record matches the pattern.
    pub(crate) fn matches(&self, record: &Value) -> bool {
        self.accepts(Some(record))
    }

    fn accepts(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Fields(fields), _) => {
                fields.iter().all(|(name, pattern)| pattern.accepts(value.and_then(|value| value.get(name))))
            }
            // A list in the event matches if one of its items does.
            (Self::OneOf(matchers), Some(Value::Array(items))) => {
                items.iter().any(|item| matchers.iter().any(|matcher| matcher.accepts(Some(item))))
            }
            (Self::OneOf(matchers), _) => matchers.iter().any(|matcher| matcher.accepts(value)),
        }
    }
}

impl Matcher {
    fn read(matcher: &Value) -> Result<Self, String> {
        let Value::Object(operator) = matcher else {
            return Ok(Self::Equals(matcher.clone()));
        };
        let mut operators = operator.iter();
        let (Some((name, argument)), None) = (operators.next(), operators.next()) else {
            return Err(format!("`{matcher}` is not one operator"));
        };
        match (name.as_str(), argument) {
            ("prefix", Value::String(text)) => Ok(Self::Prefix(text.clone())),
            ("suffix", Value::String(text)) => Ok(Self::Suffix(text.clone())),
            ("equals-ignore-case", Value::String(text)) => Ok(Self::EqualsIgnoringCase(text.clone())),
            ("exists", Value::Bool(expected)) => Ok(Self::Exists(*expected)),
            ("anything-but", Value::Array(items)) => {
                Ok(Self::Not(items.iter().map(Self::read).collect::<Result<_, _>>()?))
            }
            ("anything-but", item) => Ok(Self::Not(vec![Self::read(item)?])),
            ("numeric", Value::Array(terms)) => Self::numeric(terms),
            _ => Err(format!("the local stack does not know the operator {matcher}")),
        }
    }

    fn numeric(terms: &[Value]) -> Result<Self, String> {
        terms
            .chunks(2)
            .map(|term| match term {
                [Value::String(sign), Value::Number(number)] => {
                    let comparison = match sign.as_str() {
                        "=" => Comparison::Equal,
                        "<" => Comparison::Less,
                        "<=" => Comparison::LessOrEqual,
                        ">" => Comparison::Greater,
                        ">=" => Comparison::GreaterOrEqual,
                        _ => return Err(format!("`{sign}` is not a comparison")),
                    };
                    Ok((comparison, number.as_f64().unwrap_or(f64::NAN)))
                }
                _ => Err("numeric needs pairs of a comparison and a number".to_owned()),
            })
            .collect::<Result<_, _>>()
            .map(Self::Numeric)
    }

    fn accepts(&self, value: Option<&Value>) -> bool {
        let text = value.and_then(Value::as_str);
        match self {
            // `exists` applies to leaf fields only: a field that is an object does not count.
            Self::Exists(expected) => value.is_some_and(|value| !value.is_object()) == *expected,
            Self::Equals(expected) => value == Some(expected),
            Self::EqualsIgnoringCase(expected) => {
                text.is_some_and(|text| text.to_lowercase() == expected.to_lowercase())
            }
            Self::Not(matchers) => value.is_some() && !matchers.iter().any(|matcher| matcher.accepts(value)),
            Self::Numeric(comparisons) => value
                .and_then(Value::as_f64)
                .is_some_and(|number| comparisons.iter().all(|(sign, limit)| sign.holds(number, *limit))),
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
        }
    }
}

impl Comparison {
    #[expect(clippy::float_cmp, reason = "the pattern requires exactly this number")]
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Equal => number == limit,
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrEqual => number >= limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: &Value, record: &Value) -> bool {
        Filter::parse(&pattern.to_string()).unwrap().matches(record)
    }

    #[test]
    fn a_record_matches_if_every_field_has_one_of_its_values() {
        let pattern = json!({
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "CODE#"}, {"prefix": "NOTICE#"}]}}},
        });
        let record = |name: &str, key: &str| json!({"eventName": name, "dynamodb": {"Keys": {"pk": {"S": key}}}});
        assert!(matches(&pattern, &record("INSERT", "CODE#1")));
        assert!(matches(&pattern, &record("INSERT", "NOTICE#1")));
        assert!(!matches(&pattern, &record("MODIFY", "CODE#1")));
        assert!(!matches(&pattern, &record("INSERT", "USER#1")));
        assert!(!matches(&pattern, &json!({"eventName": "INSERT"})));
    }

    #[test]
    fn exists_matches_leaf_fields_only() {
        let pattern = json!({"a": {"b": [{"exists": true}]}, "c": [{"exists": false}]});
        assert!(matches(&pattern, &json!({"a": {"b": 1}})));
        assert!(!matches(&pattern, &json!({"a": {}})));
        assert!(!matches(&pattern, &json!({"a": {"b": 1}, "c": 2})));
    }

    #[test]
    fn numeric_compares_numbers_and_never_matches_a_string() {
        let pattern = json!({"n": [{"numeric": [">", 1, "<=", 5]}]});
        assert!(matches(&pattern, &json!({"n": 5})));
        assert!(!matches(&pattern, &json!({"n": 1})));
        assert!(!matches(&pattern, &json!({"n": "3"})));
    }

    #[test]
    fn anything_but_does_not_match_a_missing_field() {
        let pattern = json!({"a": [{"anything-but": ["x", {"prefix": "y"}]}]});
        assert!(matches(&pattern, &json!({"a": "z"})));
        assert!(!matches(&pattern, &json!({"a": "x"})));
        assert!(!matches(&pattern, &json!({"a": "yes"})));
        assert!(!matches(&pattern, &json!({})));
    }

    #[test]
    fn an_unknown_operator_is_an_error() {
        for pattern in [
            r#"{"a": [{"cidr": "10.0.0.0/8"}]}"#,
            r#"{"$or": [{"a": [1]}]}"#,
            r#"{"a": "bare"}"#,
            r#"{"a": [{"numeric": [">"]}]}"#,
            r#"["list"]"#,
            "no JSON",
        ] {
            assert!(Filter::parse(pattern).is_err(), "{pattern}");
        }
    }
}
