//! Mutations of valid JSON: members removed, renamed or duplicated, and values of another type, too
//! long, too deep or with other bytes in them.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};

/// A part of generated texts. Nothing that a client sends is logged.
pub(super) const MARKER: &str = "not-for-the-log";

/// A change to one of the values of a document.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Rename(String),
    Replace(Value),
    /// Replaces it with another value of the same document.
    Swap(Index),
    /// Nests it in so many arrays that a recursive parser would overflow its stack.
    Bury(usize),
    /// Repeats its text.
    Repeat(usize),
    /// Replaces a number of bytes of its text, from an offset.
    Splice(Index, usize, Vec<u8>),
    /// Adds the member a second time, with another value.
    Double(Value),
}

/// A set of changes to a document.
#[derive(Clone, Debug)]
pub(super) struct Mutation {
    changes: Vec<(Index, Change)>,
    /// Whether the changes apply to the document in the body, if there is one.
    of_the_body: bool,
}

pub(super) fn mutation() -> impl Strategy<Value = Mutation> {
    let changes = vec((any::<Index>(), change()), 1..4);
    (changes, any::<bool>()).prop_map(|(changes, of_the_body)| Mutation { changes, of_the_body })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Remove),
        1 => text().prop_map(Change::Rename),
        3 => value().prop_map(Change::Replace),
        2 => any::<Index>().prop_map(Change::Swap),
        1 => prop_oneof![1..200_usize, Just(DEEPEST)].prop_map(Change::Bury),
        1 => prop_oneof![2..40_usize, Just(4000)].prop_map(Change::Repeat),
        4 => (any::<Index>(), 0..4_usize, vec(any::<u8>(), 0..4)).prop_map(|(at, cut, by)| Change::Splice(at, cut, by)),
        1 => value().prop_map(Change::Double),
    ]
}

/// Generates texts, hostile ones among them.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        "[0-9]{5,13}",
        r"[\x00-\x20]{0,3}[a-z]{1,8}[\x00-\x20\u{200b}-\u{202e}]{0,3}",
        "[a-z]{1,70}@[a-z.-]{1,90}",
        prop::sample::select(
            &[
                "",
                MARKER,
                "a: b\r\nx-error: c",
                "Bearer ",
                "bad host:99999",
                "[::1",
                "%",
                "%ff%00%zz",
                "=?utf-8?q?x?=",
                "1e400",
                "9223372036854775807",
                "application/json",
                "33333333-0000-4000-8000-000000000002",
                "JohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohnJohn",
                "{\"email\":\"a@b.example\",\"email\":1}",
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// Replaces a buried value until the document is text: no test's stack is deep enough to hold it.
const BURIED: &str = "so deep: ";

const DEEPEST: usize = 50_000;

impl Mutation {
    /// Returns the changed document as text, which is always JSON.
    pub(super) fn of(&self, document: &Value) -> String {
        let mut document = document.clone();
        let body = document["body"].as_str().filter(|_| self.of_the_body);
        let body: Option<Value> = body.and_then(|body| serde_json::from_str(body).ok());
        match body {
            Some(mut body) => {
                let text = apply(&mut body, &self.changes);
                document["body"] = json!(text);
                document.to_string()
            }
            None => apply(&mut document, &self.changes),
        }
    }
}

fn apply(document: &mut Value, changes: &[(Index, Change)]) -> String {
    let mut doubled = Vec::new();
    for (place, change) in changes {
        let pointers = pointers(document);
        let pointer = place.get(&pointers).clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        match change {
            Change::Remove => drop(take(document, parent, &name)),
            Change::Rename(to) => {
                let value = take(document, parent, &name);
                if let (Some(value), Some(Value::Object(members))) = (value, document.pointer_mut(parent)) {
                    members.insert(to.clone(), value);
                }
            }
            Change::Swap(with) => {
                let other = document.pointer(with.get(&pointers).as_str()).cloned();
                set(document, &pointer, other.unwrap_or_default());
            }
            Change::Double(value) => doubled.push((name, value)),
            Change::Replace(value) => set(document, &pointer, value.clone()),
            Change::Bury(depth) => set(document, &pointer, json!(format!("{BURIED}{depth}"))),
            Change::Repeat(times) => edit(document, &pointer, |text| text.repeat(*times)),
            Change::Splice(at, cut, by) => edit(document, &pointer, |text| splice(&text, *at, *cut, by)),
        }
    }
    let mut text = document.to_string();
    for (name, value) in doubled {
        let member = format!("{}:", json!(name));
        text = text.replacen(&member, &format!("{member}{value},{member}"), 1);
    }
    bury(text)
}

/// Returns the pointers to all values in a document, except the document itself.
fn pointers(document: &Value) -> Vec<String> {
    fn collect(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
        let members = value.as_object().into_iter().flatten();
        let members = members.map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value));
        let items = value.as_array().into_iter().flatten().enumerate();
        for (name, value) in members.chain(items.map(|(index, value)| (index.to_string(), value))) {
            let pointer = format!("{pointer}/{name}");
            collect(value, &pointer, pointers);
            pointers.push(pointer);
        }
    }
    let mut pointers = Vec::new();
    collect(document, "", &mut pointers);
    if pointers.is_empty() { vec!["/nothing".to_owned()] } else { pointers }
}

fn take(document: &mut Value, parent: &str, name: &str) -> Option<Value> {
    match document.pointer_mut(parent)? {
        Value::Object(members) => members.remove(name),
        Value::Array(items) => name.parse().ok().filter(|index| *index < items.len()).map(|index| items.remove(index)),
        _ => None,
    }
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value;
    }
}

/// Changes a string, or the text of a number or Boolean.
fn edit(document: &mut Value, pointer: &str, change: impl FnOnce(String) -> String) {
    let Some(place) = document.pointer_mut(pointer) else { return };
    match place {
        Value::String(text) => *place = change(std::mem::take(text)).into(),
        Value::Number(_) | Value::Bool(_) => {
            let text = change(place.to_string());
            *place = serde_json::from_str(&text).unwrap_or(Value::String(text));
        }
        _ => {}
    }
}

fn splice(text: &str, at: Index, cut: usize, by: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = at.index(bytes.len() + 1);
    let end = bytes.len().min(at + cut);
    bytes.splice(at..end, by.iter().copied());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn bury(text: String) -> String {
    let Some((before, rest)) = text.split_once(&format!("\"{BURIED}")) else { return text };
    let Some((depth, after)) = rest.split_once('"') else { return text.clone() };
    // A later change may have removed the number.
    let depth = depth.parse().unwrap_or(1).clamp(1, DEEPEST);
    bury(format!("{before}{}{}{after}", "[".repeat(depth), "]".repeat(depth)))
}
