//! Reads openapi.yaml, and validates values against its schemas.

use std::{cell::RefCell, collections::HashMap};

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::template::{self, entries};

const URL: &str = "https://latchkey.invalid/openapi.json";

/// The description of the API.
pub(super) struct Description {
    document: Value,
    reader: RefCell<Reader>,
}

/// The schemas, compiled on demand.
struct Reader {
    compiler: Compiler,
    schemas: Schemas,
    read: HashMap<String, SchemaIndex>,
}

/// One method of one path.
pub(super) struct Operation<'a> {
    /// The `operationId`, which is the function's name.
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    /// The JSON pointer to the operation.
    pub(super) pointer: String,
    description: &'a Description,
}

impl Description {
    pub(super) fn read() -> Self {
        let yaml = serde_norway::from_str(include_str!("../../../openapi.yaml")).expect("YAML");
        Self::of(template::json(yaml), Compiler::new())
    }

    /// For the output of the service: formats are checked, and no object has unlisted members.
    pub(super) fn strict() -> Self {
        let Self { mut document, .. } = Self::read();
        close(&mut document);
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        Self::of(document, compiler)
    }

    fn of(document: Value, mut compiler: Compiler) -> Self {
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource(URL, document.clone()).expect("a document");
        let reader = Reader { compiler, schemas: Schemas::new(), read: HashMap::new() };
        Self { document, reader: RefCell::new(reader) }
    }

    /// Returns the value at a pointer, following a reference.
    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(&self.locate(pointer)).unwrap_or(&Value::Null)
    }

    /// Returns the pointer to that value.
    pub(super) fn locate(&self, pointer: &str) -> String {
        let target = self.document.pointer(pointer).and_then(|value| value["$ref"].as_str());
        match target.and_then(|target| target.strip_prefix('#')) {
            // A schema's reference can have siblings. The compiler follows it.
            Some(target) if !pointer.ends_with("/schema") => self.locate(target),
            _ => pointer.to_owned(),
        }
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, methods) in entries(&self.document["paths"]) {
            for (method, operation) in entries(methods) {
                operations.push(Operation {
                    name: operation["operationId"].as_str().expect("an operationId").to_owned(),
                    method: method.to_uppercase(),
                    path: path.to_owned(),
                    pointer: format!("/paths/{}/{method}", escaped(path)),
                    description: self,
                });
            }
        }
        operations
    }

    pub(super) fn operation(&self, name: &str) -> Operation<'_> {
        let mut operations = self.operations().into_iter();
        operations.find(|operation| operation.name == name).unwrap_or_else(|| panic!("no operation {name}"))
    }

    /// Validates a value against the schema at a pointer. The error says what is wrong.
    pub(super) fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        assert!(self.document.pointer(pointer).is_some(), "no schema at {pointer}");
        let Reader { compiler, schemas, read } = &mut *self.reader.borrow_mut();
        let schema = *read.entry(pointer.to_owned()).or_insert_with(|| {
            let schema = compiler.compile(&format!("{URL}#{pointer}"), schemas);
            schema.unwrap_or_else(|error| panic!("{pointer}: {error:#}"))
        });
        schemas.validate(value, schema).map_err(|error| format!("{value}: {error:#}"))
    }

    /// Returns every example, with the pointer to its schema.
    pub(super) fn examples(&self) -> Vec<(String, Value)> {
        let mut examples = Vec::new();
        collect_examples(&self.document, "", &mut examples);
        examples
    }
}

impl Operation<'_> {
    /// Returns a part of the operation.
    pub(super) fn at(&self, part: &str) -> &Value {
        self.description.at(&format!("{}/{part}", self.pointer))
    }

    /// Returns the pointer to the schema of the request body.
    pub(super) fn body_schema(&self) -> Option<String> {
        let body = self.description.locate(&format!("{}/requestBody", self.pointer));
        let schema = format!("{body}/content/application~1json/schema");
        self.description.document.pointer(&schema).map(|_| schema)
    }

    /// Returns the pointer to the response with a status.
    pub(super) fn response(&self, status: u16) -> String {
        self.description.locate(&format!("{}/responses/{status}", self.pointer))
    }
}

/// Escapes a name for use in a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Forbids members that a schema does not list.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("type") == Some(&json!("object")) && members.contains_key("properties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn collect_examples(value: &Value, pointer: &str, examples: &mut Vec<(String, Value)>) {
    if value.get("schema").is_some() {
        let schema = format!("{pointer}/schema");
        let one = value.get("example").into_iter();
        let several = entries(&value["examples"]).map(|(_, example)| &example["value"]);
        examples.extend(one.chain(several).map(|example| (schema.clone(), example.clone())));
    }
    for (name, value) in entries(value) {
        collect_examples(value, &format!("{pointer}/{}", escaped(name)), examples);
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        collect_examples(value, &format!("{pointer}/{index}"), examples);
    }
}
