//! Every reference in the template resolves, and every parameter and condition is used.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Template, entries};

/// The pseudo parameters of CloudFormation.
const PSEUDO: [&str; 6] =
    ["AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];

/// The names that the template refers to.
#[derive(Default)]
struct Mentioned<'a> {
    /// By `!Ref`, or `${Name}` in a `!Sub`: parameters, resources or pseudo parameters.
    names: BTreeSet<&'a str>,
    /// By `!GetAtt Name.Attribute` or `${Name.Attribute}`: only resources.
    with_attributes: BTreeSet<&'a str>,
    /// By `!If` or `Condition:`.
    conditions: BTreeSet<&'a str>,
}

impl<'a> Mentioned<'a> {
    fn in_all_of(template: &'a Template) -> Self {
        let mut mentioned = Self::default();
        mentioned.look_into(&template.0);
        mentioned
    }

    fn look_into(&mut self, value: &'a Value) {
        for (name, value) in entries(value) {
            match (name, value) {
                ("Ref", Value::String(target)) => _ = self.names.insert(target),
                ("Fn::GetAtt", Value::String(target)) => {
                    let (id, _) = target.split_once('.').unwrap_or_else(|| panic!("no attribute: {target}"));
                    self.with_attributes.insert(id);
                }
                ("Fn::Sub", Value::String(text)) => self.look_into_text(text),
                ("Fn::If", Value::Array(parts)) => _ = self.conditions.insert(parts[0].as_str().expect("a name")),
                ("Condition", Value::String(condition)) => _ = self.conditions.insert(condition),
                // The condition of a policy statement.
                ("Condition", Value::Object(_)) => {}
                // The template has no other forms. Extend this match before you use one.
                ("Condition" | "DependsOn" | "Ref", _) => panic!("{name}: {value}"),
                (name, _) if name.starts_with("Fn::") => {
                    assert!(["Fn::Equals", "Fn::Not", "Fn::Split"].contains(&name), "{name}: {value}");
                }
                _ => {}
            }
            self.look_into(value);
        }
        for item in value.as_array().into_iter().flatten() {
            self.look_into(item);
        }
    }

    fn look_into_text(&mut self, text: &'a str) {
        for part in text.split("${").skip(1) {
            let (name, _) = part.split_once('}').unwrap_or_else(|| panic!("unclosed: {text}"));
            match name.split_once('.') {
                _ if name.starts_with('!') => {}
                Some((id, _)) => _ = self.with_attributes.insert(id),
                None => _ = self.names.insert(name),
            }
        }
    }
}

fn names<'a>(template: &'a Template, section: &str) -> BTreeSet<&'a str> {
    template.entries(section).map(|(name, _)| name).collect()
}

#[test]
fn every_reference_resolves() {
    let template = Template::read();
    let mentioned = Mentioned::in_all_of(&template);
    let (parameters, resources) = (names(&template, "Parameters"), names(&template, "Resources"));
    let exists = |name: &str| parameters.contains(name) || resources.contains(name) || PSEUDO.contains(&name);
    let missing: Vec<_> = mentioned.names.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "neither parameters nor resources: {missing:?}");
    let missing: Vec<_> = mentioned.with_attributes.difference(&resources).collect();
    assert!(missing.is_empty(), "no resources: {missing:?}");
    assert_eq!(mentioned.conditions, names(&template, "Conditions"), "conditions, as used and as declared");
}

#[test]
fn every_parameter_is_used() {
    let template = Template::read();
    let mentioned = Mentioned::in_all_of(&template);
    let unused: Vec<_> = names(&template, "Parameters").difference(&mentioned.names).copied().collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_function_is_on_the_dashboard() {
    let template = Template::read();
    let body = template.resource("Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"].as_str().expect("a body");
    serde_json::from_str::<Value>(body).expect("JSON");
    for function in template.functions() {
        // Endpoints: duration and invocations. Senders: failures and the delay of their emails.
        // handle-mail-event: failures and invocations.
        assert_eq!(body.matches(&format!("\"${{{}}}\"", function.id)).count(), 2, "{}", function.id);
    }
}
