//! Runs every event of `events/` and its variants, and compares the effect of each with the
//! expected one.

mod shape;
mod table;
mod variants;
pub(crate) mod world;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::LazyLock};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json, value::RawValue};

use crate::{
    support::{EmailKind, Product, product_with, with},
    template::SENDERS,
};
pub(crate) use table::Expected;
use table::FILES;
use variants::VARIANTS;

type Event = (&'static str, Expected);

/// For each function, the names of its events and their expected effects: the files of `events/`
/// and then the variants.
pub(crate) static EVENTS: LazyLock<Vec<(&str, Vec<Event>)>> = LazyLock::new(|| {
    let variants = |function| VARIANTS.iter().filter(move |variant| variant.function == function);
    let with_variants = |(function, files): &(&'static str, &[Event])| {
        let variants = variants(*function).map(|variant| (variant.name, variant.expected));
        (*function, files.iter().copied().chain(variants).collect())
    };
    FILES.iter().map(with_variants).collect()
});

/// Returns the folder of all events.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// Returns the text of an event.
pub(crate) fn read(function: &str, case: &str) -> String {
    if let Some(variant) = VARIANTS.iter().find(|variant| (variant.function, variant.name) == (function, case)) {
        let base = serde_json::from_str(&read(function, variant.base)).expect("JSON");
        let changes = variant.changes.iter();
        return changes.fold(base, |event, (pointer, value)| with(&event, pointer, value.clone())).to_string();
    }
    let path = folder().join(function).join(format!("{case}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the events of a function, and the expected effect of each.
pub(crate) fn of(function: &str) -> &'static [Event] {
    &EVENTS.iter().find(|(name, _)| *name == function).unwrap_or_else(|| panic!("no events of {function}")).1
}

/// The response of a function to API Gateway.
struct Returned {
    status: u64,
    content_type: String,
    body: Value,
}

impl Returned {
    fn read(answer: &RawValue) -> Self {
        let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
        let body = answer["body"].as_str().expect("a body");
        Self {
            status: answer["statusCode"].as_u64().expect("a status"),
            content_type: answer["headers"]["content-type"].as_str().expect("a type").to_owned(),
            body: serde_json::from_str(body).expect("JSON in the body"),
        }
    }

    fn check(&self, expected: &Expected, event: &str) {
        let (status, content_type) = match expected {
            Expected::Answered(status) => (*status, "application/json"),
            Expected::Refused(status, kind) => {
                assert_eq!(self.body["type"], format!("urn:latchkey:problem:{kind}"), "{event}: {}", self.body);
                (*status, "application/problem+json")
            }
            other => panic!("{event}: an endpoint cannot do {other:?}"),
        };
        assert_eq!(self.status, status, "{event}: {}", self.body);
        assert_eq!(self.content_type, content_type, "{event}");
    }
}

/// Invokes a function with an event, without the API.
pub(crate) async fn invoke(product: &Product, function: &str, case: &str) -> Box<RawValue> {
    let event = serde_json::from_str::<Box<RawValue>>(&read(function, case));
    let event = event.unwrap_or_else(|error| panic!("{function}/{case}: {error}"));
    product.stack.invoke(function, &event).await.unwrap_or_else(|error| panic!("{function}/{case}: {error}"))
}

/// Groups the events of a function by the world that they run in. An accepted event changes
/// something, and has a world of its own; the refused ones change nothing, and share one.
pub(crate) fn by_world(function: &str) -> Vec<Vec<&'static (&'static str, Expected)>> {
    let refused = |(_, expected): &&(&str, Expected)| matches!(expected, Expected::Refused(..));
    let (refused, answered): (Vec<_>, Vec<_>) = of(function).iter().partition(refused);
    answered.into_iter().map(|event| vec![event]).chain([refused]).collect()
}

/// Runs every event of an endpoint and checks the responses.
async fn check_endpoint(function: &str) {
    for events in by_world(function) {
        product_with(world::settings(), async |product| {
            world::populate(product).await;
            for (case, expected) in events {
                let returned = Returned::read(&invoke(product, function, case).await);
                returned.check(expected, &format!("{function}/{case}"));
            }
        })
        .await;
    }
}

/// Stores the items in the records of a batch, as not mailed yet.
pub(crate) async fn store_items_of(product: &Product, function: &str, case: &str) {
    let batch: Value = serde_json::from_str(&read(function, case)).expect("JSON");
    let records = batch["Records"].as_array().into_iter().flatten();
    let images = records.filter(|record| record["eventName"] == "INSERT").map(|record| &record["dynamodb"]["NewImage"]);
    // The other records have no code or notice, or none that can be read.
    for image in images.filter(|image| image["expiresAt"].is_object()) {
        store_unmailed(product, image).await;
    }
}

/// Stores the item of a code or notice so that the product's own functions skip it, because it
/// looks mailed.
pub(crate) async fn store_unmailed(product: &Product, image: &Value) {
    let plain = |value: &Value| match (value["S"].as_str(), value["N"].as_str()) {
        (Some(text), _) => json!(text),
        (_, Some(number)) => json!(number.parse::<i64>().expect("a whole number")),
        _ => panic!("no attribute of a code or notice: {value}"),
    };
    let members = image.as_object().expect("an item").iter();
    let mut item: Value = members.map(|(name, value)| (name.clone(), plain(value))).collect();
    let now = product.stack.clock().now().seconds();
    for (name, value) in [("createdAt", now), ("expiresAt", now + 600)] {
        item[name] = json!(value);
    }
    item["mailedAt"] = item["createdAt"].clone();
    world::store(product, vec![item.clone()]).await;
    product.stack.delivered().await;
    let key = |name: &str| AttributeValue::S(item[name].as_str().expect("a key").to_owned());
    let unmail = product.dynamodb().update_item().table_name(product.table().await);
    let unmail = unmail.key("pk", key("pk")).key("sk", key("sk")).update_expression("REMOVE mailedAt");
    unmail.send().await.expect("an update");
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_mail_what_their_events_ask_for_and_once() {
    product_with(world::settings(), async |product| {
        world::populate(product).await;
        let events = SENDERS.into_iter().flat_map(|function| of(function).iter().map(move |event| (function, event)));
        for (function, (case, expected)) in events {
            store_items_of(product, function, case).await;
            let (again, wanted): (_, &[_]) = match expected {
                Expected::Mailed(emails) => (json!([]), emails),
                Expected::AllAgain => (json!([{"itemIdentifier": ""}]), &[]),
                _ => panic!("{case}: {function} cannot do that"),
            };
            let before = product.sent_emails().await.len();
            for delivery in 1..=2 {
                let returned = invoke(product, function, case).await;
                let returned: Value = serde_json::from_str(returned.get()).expect("JSON");
                assert_eq!(returned, json!({"batchItemFailures": again}), "{case}, delivery {delivery}");
                let emails = product.sent_emails().await.split_off(before);
                let mailed: Vec<_> = emails.iter().map(|mail| (mail.to.join(","), EmailKind::of(mail))).collect();
                let mailed: Vec<_> = mailed.iter().map(|(to, letter)| (to.as_str(), *letter)).collect();
                assert_eq!(mailed, wanted, "{case}, delivery {delivery}");
            }
        }
    })
    .await;
}

/// Returns the addresses that get no more email, and the reasons.
pub(crate) async fn suppressions(product: &Product) -> Vec<[String; 2]> {
    let items = product.items().await;
    let suppressions = items.iter().filter(|item| item.text("sk") == "SUPPRESSION");
    suppressions.map(|item| [item.text("pk"), item.text("reason")].map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn handle_mail_event_suppresses_the_addresses_in_its_events() {
    for (case, expected) in of("handle-mail-event") {
        let expected = match expected {
            Expected::Suppressed(address, reason) => vec![[format!("SUPPRESSION#{address}"), (*reason).to_owned()]],
            Expected::PassedOver => Vec::new(),
            other => panic!("{case}: handle-mail-event cannot do {other:?}"),
        };
        product_with(world::settings(), async |product| {
            // EventBridge delivers an event at least once.
            for delivery in 1..=2 {
                assert_eq!(invoke(product, "handle-mail-event", case).await.get(), "null", "{case}");
                assert_eq!(suppressions(product).await, expected, "{case}, delivery {delivery}");
            }
        })
        .await;
    }
}

#[test]
fn every_file_has_an_entry_and_every_entry_a_file() {
    let names = |path: PathBuf| {
        let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect::<BTreeSet<_>>()
    };
    let mut files = BTreeSet::new();
    for function in names(folder()).into_iter().filter(|name| name != "README.md") {
        files.extend(names(folder().join(&function)).into_iter().map(|file| format!("{function}/{file}")));
    }
    let entries =
        FILES.iter().flat_map(|(function, cases)| cases.iter().map(move |(case, _)| format!("{function}/{case}.json")));
    assert_eq!(entries.collect::<Vec<_>>(), files.into_iter().collect::<Vec<_>>(), "in table.rs, and in events/");
}

#[test]
fn every_event_has_a_name_of_its_own_and_every_variant_runs() {
    let mut names = BTreeSet::new();
    for (function, case) in EVENTS.iter().flat_map(|(function, cases)| cases.iter().map(move |case| (function, case.0)))
    {
        assert!(names.insert(format!("{function}/{case}")), "{function}/{case} is repeated");
    }
    for variant in VARIANTS.iter() {
        assert!(names.contains(&format!("{}/{}", variant.function, variant.name)), "{}", variant.function);
    }
}

macro_rules! test_each {
    ($($endpoint:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $endpoint() {
                check_endpoint(&stringify!($endpoint).replace('_', "-")).await;
            }
        )*
    };
}

registry::for_each_endpoint!(test_each);
