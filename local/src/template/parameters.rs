//! The template's parameters: the given values or else the template's defaults, checked against
//! the template's constraints.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_norway::Value;

use super::resolve::{entries, scalar};
use crate::error::StartError;

/// Defaults that differ from the template's, because it has none or one that does not suit a local
/// stack.
const LOCAL_DEFAULTS: [(&str, &str); 2] = [
    ("SenderAddress", "no-reply@latchkey.example"),
    // All local clients share one IP address.
    ("MailsPerSourceIpPerHour", "0"),
];

/// Returns the value of every parameter.
pub(super) fn values(root: &Value, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, StartError> {
    let declared: BTreeMap<&str, &Value> = entries(root.get("Parameters")).collect();
    if let Some(name) = given.keys().find(|name| !declared.contains_key(name.as_str())) {
        let names: Vec<&str> = declared.keys().copied().collect();
        return Err(refused(name, format!("template.yaml has no such parameter; it has {}", names.join(", "))));
    }
    let mut values = BTreeMap::new();
    for (name, declaration) in declared {
        let local = LOCAL_DEFAULTS.iter().find(|(other, _)| *other == name);
        let value = given
            .get(name)
            .cloned()
            .or_else(|| local.map(|(_, value)| (*value).to_owned()))
            .or_else(|| declaration.get("Default").and_then(scalar))
            .ok_or_else(|| refused(name, "has no default: it must be given"))?;
        check(declaration, &value).map_err(|problem| refused(name, problem))?;
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

fn refused(name: &str, problem: impl Into<String>) -> StartError {
    StartError::Parameter { name: name.to_owned(), problem: problem.into() }
}

/// Checks a value against its declaration. The error does not contain the value, because it may be
/// a secret.
fn check(declaration: &Value, value: &str) -> Result<(), String> {
    let Some(problem) = violated_constraint(declaration, value)? else { return Ok(()) };
    let described = ["ConstraintDescription", "Description"].iter().find_map(|name| declaration.get(*name)?.as_str());
    Err(described.map_or_else(|| problem.clone(), |described| format!("{problem}: {described}")))
}

/// Returns the first constraint that the value violates, or an error about the declaration itself.
fn violated_constraint(declaration: &Value, value: &str) -> Result<Option<String>, String> {
    let limit = |name: &str| -> Result<Option<f64>, String> {
        let Some(limit) = declaration.get(name).and_then(scalar) else {
            return Ok(None);
        };
        let number = limit.parse().map_err(|_| format!("{name} is not a number"))?;
        Ok(Some(number))
    };
    let kind = declaration.get("Type").and_then(Value::as_str);
    let (measure, at_least, at_most, what) = match kind {
        Some("Number") => {
            let Ok(number) = value.parse::<f64>() else {
                return Ok(Some("is not a number".to_owned()));
            };
            (number, limit("MinValue")?, limit("MaxValue")?, "must be")
        }
        Some("String") => {
            let length = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
            (f64::from(length), limit("MinLength")?, limit("MaxLength")?, "must have a length of")
        }
        _ => return Err("is of a type that the local stack does not know".to_owned()),
    };
    if let Some(limit) = at_least.filter(|&limit| measure < limit) {
        return Ok(Some(format!("{what} at least {limit}")));
    }
    if let Some(limit) = at_most.filter(|&limit| measure > limit) {
        return Ok(Some(format!("{what} at most {limit}")));
    }
    if let Some(pattern) = declaration.get("AllowedPattern").and_then(Value::as_str) {
        // CloudFormation matches the whole value.
        let whole = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| format!("AllowedPattern cannot be read: {error}"))?;
        if !whole.is_match(value) {
            return Ok(Some(format!("does not match {pattern}")));
        }
    }
    if let Some(allowed) = declaration.get("AllowedValues").and_then(Value::as_sequence) {
        let allowed: Vec<String> = allowed.iter().filter_map(scalar).collect();
        if !allowed.iter().any(|one| one == value) {
            return Ok(Some(format!("must be one of {}", allowed.join(", "))));
        }
    }
    Ok(None)
}
