//! Resolves values with CloudFormation's intrinsic functions: `!Ref`, `!Sub`, `!If` and the few
//! others that the template uses.

use std::collections::BTreeMap;

use serde_norway::Value;

use super::{ACCOUNT, REGION, STACK_NAME};
use crate::error::StartError;

/// The parameters, resources and conditions that a value may refer to.
pub(super) struct Scope<'a> {
    root: &'a Value,
    parameters: BTreeMap<String, String>,
    secret: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn new(root: &'a Value, parameters: BTreeMap<String, String>, secret: &'a str) -> Self {
        Self { root, parameters, secret }
    }

    /// Returns every resource with its logical ID, in the template's order.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        entries(self.root.get("Resources"))
    }

    /// Returns whether a resource exists, which its `Condition` can prevent.
    pub(super) fn exists(&self, place: &str, resource: &Value) -> Result<bool, StartError> {
        match resource.get("Condition") {
            Some(Value::String(name)) => self.named_condition(place, name),
            Some(_) => Err(StartError::template(place, "Condition is not a name")),
            None => Ok(true),
        }
    }

    /// Resolves a value to text.
    pub(super) fn text(&self, place: &str, value: &Value) -> Result<String, StartError> {
        self.optional_text(place, value)?
            .ok_or_else(|| StartError::template(place, "AWS::NoValue does not make sense here"))
    }

    /// Resolves a value to text, or to `None` if it is `AWS::NoValue`.
    pub(super) fn optional_text(&self, place: &str, value: &Value) -> Result<Option<String>, StartError> {
        if let Some(text) = scalar(value) {
            return Ok(Some(text));
        }
        let Some((function, argument)) = call(value) else {
            return Err(StartError::template(place, "neither text nor a number"));
        };
        let text = match function {
            "Ref" if argument.as_str() == Some("AWS::NoValue") => return Ok(None),
            "Ref" => self.reference(place, argument.as_str().unwrap_or_default())?,
            "Sub" => self.substitution(place, argument)?,
            "Join" => self.join(place, argument)?,
            "If" => return self.optional_text(place, self.branch(place, argument)?),
            _ => {
                let problem = format!("the local stack cannot resolve {function}");
                return Err(StartError::template(place, problem));
            }
        };
        Ok(Some(text))
    }

    /// Resolves a value to a list.
    pub(super) fn list<'v>(&self, place: &str, value: &'v Value) -> Result<&'v [Value], StartError> {
        match (value, call(value)) {
            (Value::Sequence(items), _) => Ok(items),
            (_, Some(("If", argument))) => self.list(place, self.branch(place, argument)?),
            _ => Err(StartError::template(place, "not a list")),
        }
    }

    /// Resolves a value to a list of texts. It may be a list or the `Split` of one text.
    pub(super) fn texts(&self, place: &str, value: &Value) -> Result<Vec<String>, StartError> {
        if let Some(("Split", argument)) = call(value) {
            let (Some(separator), Some(text)) = (argument.get(0).and_then(Value::as_str), argument.get(1)) else {
                return Err(StartError::template(place, "!Split needs a separator and a text"));
            };
            return Ok(self.text(place, text)?.split(separator).map(str::to_owned).collect());
        }
        self.list(place, value)?.iter().map(|item| self.text(place, item)).collect()
    }

    /// Converts a value to JSON, with every text in it resolved.
    pub(super) fn json(&self, place: &str, value: &Value) -> Result<serde_json::Value, StartError> {
        match value {
            Value::Mapping(members) if call(value).is_none() => members
                .iter()
                .map(|(name, value)| Ok((scalar(name).unwrap_or_default(), self.json(place, value)?)))
                .collect::<Result<_, _>>()
                .map(serde_json::Value::Object),
            Value::Sequence(items) => items.iter().map(|item| self.json(place, item)).collect(),
            Value::Bool(_) | Value::Number(_) | Value::Null => {
                serde_json::to_value(value).map_err(|error| StartError::template(place, error.to_string()))
            }
            text => Ok(self.text(place, text)?.into()),
        }
    }

    /// Resolves a value to a whole number, or to `None` if the property does not exist.
    pub(super) fn number(&self, place: &str, value: Option<&Value>) -> Result<Option<i64>, StartError> {
        let Some(value) = value else { return Ok(None) };
        let Some(text) = self.optional_text(place, value)? else {
            return Ok(None);
        };
        let number =
            text.parse().map_err(|_| StartError::template(place, format!("`{text}` is not a whole number")))?;
        Ok(Some(number))
    }

    fn reference(&self, place: &str, name: &str) -> Result<String, StartError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let known = match name {
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::Region" => REGION,
            "AWS::StackName" => STACK_NAME,
            "AWS::URLSuffix" => "amazonaws.com",
            _ => return self.resource_name(place, name),
        };
        Ok(known.to_owned())
    }

    /// Returns the `!Ref` of a resource: its name in the template, or one like those that
    /// CloudFormation generates.
    pub(super) fn resource_name(&self, place: &str, id: &str) -> Result<String, StartError> {
        let Some((_, resource)) = self.resources().find(|(other, _)| *other == id) else {
            let problem = format!("refers to {id}, which is neither a parameter nor a resource");
            return Err(StartError::template(place, problem));
        };
        let (property, generated) = match resource.get("Type").and_then(Value::as_str) {
            Some("AWS::DynamoDB::Table") => ("TableName", STACK_NAME.to_owned()),
            Some("AWS::Serverless::Function") => ("FunctionName", format!("{STACK_NAME}-{id}")),
            _ => ("Name", format!("{STACK_NAME}-{id}")),
        };
        match resource.get("Properties").and_then(|all| all.get(property)) {
            Some(name) => Ok(self.optional_text(place, name)?.unwrap_or(generated)),
            None => Ok(generated),
        }
    }

    fn substitution(&self, place: &str, argument: &Value) -> Result<String, StartError> {
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), None),
            Value::Sequence(parts) => (parts.first().and_then(Value::as_str).unwrap_or_default(), parts.get(1)),
            _ => return Err(StartError::template(place, "!Sub needs a text")),
        };
        let mut text = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(StartError::template(place, "!Sub with an unclosed ${"));
            };
            text.push_str(before);
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => text.extend(["${", literal, "}"]),
                (None, Some(value)) => text.push_str(&self.text(place, value)?),
                (None, None) => text.push_str(&self.reference(place, name)?),
            }
            rest = after;
        }
        text.push_str(rest);
        self.dynamic_reference(place, text)
    }

    /// Replaces `{{resolve:secretsmanager:...}}` with the local secret. Other dynamic references
    /// are an error.
    fn dynamic_reference(&self, place: &str, text: String) -> Result<String, StartError> {
        if !text.contains("{{resolve:") {
            Ok(text)
        } else if text.starts_with("{{resolve:secretsmanager:") && text.ends_with("}}") {
            Ok(self.secret.to_owned())
        } else {
            let problem = format!("the local stack cannot resolve {text}");
            Err(StartError::template(place, problem))
        }
    }

    fn join(&self, place: &str, argument: &Value) -> Result<String, StartError> {
        let (Some(separator), Some(items)) = (argument.get(0).and_then(Value::as_str), argument.get(1)) else {
            return Err(StartError::template(place, "!Join needs a separator and a list"));
        };
        Ok(self.texts(place, items)?.join(separator))
    }

    fn branch<'v>(&self, place: &str, argument: &'v Value) -> Result<&'v Value, StartError> {
        match argument.as_sequence().map(Vec::as_slice) {
            Some([Value::String(name), yes, no]) => {
                let chosen = self.named_condition(place, name)?;
                Ok(if chosen { yes } else { no })
            }
            _ => Err(StartError::template(place, "!If needs a condition and two values")),
        }
    }

    fn named_condition(&self, place: &str, name: &str) -> Result<bool, StartError> {
        let condition = self.root.get("Conditions").and_then(|all| all.get(name));
        match condition {
            Some(condition) => self.condition(name, condition),
            None => Err(StartError::template(place, format!("there is no condition {name}"))),
        }
    }

    fn condition(&self, place: &str, value: &Value) -> Result<bool, StartError> {
        let (function, argument) = call(value).unwrap_or(("", value));
        let arguments = argument.as_sequence().map(Vec::as_slice).unwrap_or_default();
        match (function, arguments) {
            ("Condition", _) => self.named_condition(place, argument.as_str().unwrap_or_default()),
            ("Equals", [left, right]) => Ok(self.text(place, left)? == self.text(place, right)?),
            ("Not", [inner]) => Ok(!self.condition(place, inner)?),
            ("And", all) => all.iter().try_fold(true, |so_far, one| Ok(self.condition(place, one)? && so_far)),
            ("Or", all) => all.iter().try_fold(false, |so_far, one| Ok(self.condition(place, one)? || so_far)),
            _ => Err(StartError::template(place, "a condition that the local stack cannot evaluate")),
        }
    }
}

/// Returns the entries of a mapping whose keys are text.
pub(super) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> + use<'_> {
    value.and_then(Value::as_mapping).into_iter().flatten().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// Returns a text, number or boolean as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Parses an intrinsic function, written `!Sub x` or `Fn::Sub: x`, into its name without the prefix
/// and its argument.
fn call(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::Tagged(tagged) => {
            // A tag gives access to its text only with the prefix, but can be compared to a name.
            let name = INTRINSIC_FUNCTIONS.iter().find(|name| tagged.tag == **name)?;
            Some((name, &tagged.value))
        }
        Value::Mapping(mapping) if mapping.len() == 1 => {
            let (name, argument) = mapping.iter().next()?;
            let name = name.as_str()?;
            let bare = name.strip_prefix("Fn::").unwrap_or(name);
            (bare != name || matches!(name, "Ref" | "Condition")).then_some((bare, argument))
        }
        _ => None,
    }
}

const INTRINSIC_FUNCTIONS: [&str; 16] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Ref",
    "Split",
    "Sub",
];
