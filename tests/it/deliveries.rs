//! Failures between the stream and the mailbox: redelivered batches, unreadable records, failures
//! of SES and of the table, and functions that die. Without failures, every code is sent once; with
//! them, at least once. It is never sent to two addresses.

mod crashes;
mod lanes;
mod poison;
mod repeats;
mod ses_errors;
mod slow_ses;
mod table_faults;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json, value::to_raw_value};

use crate::support::{Call, Fault, Item, Product, Proxy, Requested, Settings, code_in, product_with};

/// A sign-up whose email is not sent yet.
struct Waiting {
    address: String,
    requested: Requested,
    code: String,
    image: Value,
}

/// Creates this many sign-ups whose emails are not sent yet.
async fn waiting(product: &Product, count: usize) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for number in 0..count {
        let address = format!("john{number}@doe.net");
        let (requested, code) = product.sign_up_code(&address, &format!("johny{number}")).await;
        waiting.push(Waiting { address, requested, code, image: Value::Null });
    }
    product.stack.delivered().await;
    for item in product.items().await {
        let id = item.text("verificationCodeID");
        if let Some(waiting) = waiting.iter_mut().find(|waiting| waiting.requested.id == id) {
            waiting.image = new_image(&item);
        }
    }
    mark_unsent(product, &waiting).await;
    waiting
}

/// Returns the item of a code as the stream contains it, if the item still exists.
pub(crate) async fn image_of(product: &Product, id: &str) -> Option<Value> {
    let items = product.items().await;
    items.iter().find(|item| item.text("verificationCodeID") == id).map(new_image)
}

/// Returns an item without the attributes that `send-mail` added to it.
fn new_image(item: &Item) -> Value {
    let mut image = item.image();
    let attributes = image.as_object_mut().expect("an item");
    attributes.retain(|name, _| !["mailedAt", "reply"].contains(&name.as_str()));
    image
}

/// Removes the mark of a sent email, as if SES's response had not arrived or the function had died
/// before it wrote the mark.
pub(crate) async fn forget_mark(product: &Product, id: &str) {
    update(product, &format!("CODE#{id}"), "CODE", "REMOVE mailedAt").await;
}

/// Marks these emails as not sent in the table. The stream gets another change, which has no
/// effect.
async fn mark_unsent(product: &Product, waiting: &[Waiting]) {
    for one in waiting {
        remove_marks(product, &format!("CODE#{}", one.requested.id), "CODE").await;
    }
    product.stack.delivered().await;
}

/// Removes every trace of a delivery attempt from an item.
async fn remove_marks(product: &Product, pk: &str, sk: &str) {
    update(product, pk, sk, "REMOVE mailedAt, leasedUntil, leaseHolder, senders, reply").await;
}

async fn update(product: &Product, pk: &str, sk: &str, expression: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let update = product.dynamodb().update_item().table_name(product.table().await);
    let update = update.key("pk", key(pk)).key("sk", key(sk)).update_expression(expression);
    update.send().await.expect("an update");
    product.stack.delivered().await;
}

/// The stream's record of a new item, at this position of the stream.
pub(crate) fn record(image: &Value, position: usize) -> Value {
    let keys = json!({"pk": image["pk"], "sk": image["sk"]});
    json!({
        "eventName": "INSERT",
        "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": sequence_number(position)},
    })
}

fn sequence_number(position: usize) -> String {
    format!("1{position:0>20}")
}

/// The stream records of these sign-ups, in order.
fn records(waiting: &[Waiting]) -> Vec<Value> {
    waiting.iter().enumerate().map(|(position, one)| record(&one.image, position)).collect()
}

/// Invokes send-mail with a batch, as Lambda does, and returns the position of the first record to
/// be retried, if any.
pub(crate) async fn deliver(product: &Product, batch: &[Value]) -> Option<usize> {
    deliver_to("send-mail", product, batch).await
}

async fn deliver_to(function: &str, product: &Product, batch: &[Value]) -> Option<usize> {
    let event = to_raw_value(&json!({"Records": batch})).expect("an event");
    let response = product.stack.invoke(function, &event).await.expect("a response");
    first_failure(batch, &serde_json::from_str(response.get()).expect("JSON"))
}

/// Returns the position of the record that the response reports as failed.
fn first_failure(batch: &[Value], response: &Value) -> Option<usize> {
    let failures = response["batchItemFailures"].as_array().expect("failures");
    assert!(failures.len() <= 1, "{failures:?}");
    let failed = &failures.first()?["itemIdentifier"];
    let position = batch.iter().position(|record| record["dynamodb"]["SequenceNumber"] == *failed);
    Some(position.unwrap_or_else(|| panic!("{failed} is not a record of the batch")))
}

/// Delivers a batch every ten seconds until no record is to be retried, and returns how long that
/// took.
async fn deliver_until_done(product: &Product, batch: &[Value]) -> Duration {
    let (mut rest, mut elapsed) = (batch, Duration::ZERO);
    while let Some(position) = deliver(product, rest).await {
        rest = &rest[position..];
        product.pass(Duration::from_secs(10));
        elapsed += Duration::from_secs(10);
        assert!(elapsed <= Duration::from_mins(1), "the retries do not end");
    }
    elapsed
}

/// Returns the codes sent to each address, without the first `before` emails. Checks that each
/// email has one recipient.
fn sent_codes(product: &Product, before: usize) -> BTreeMap<String, Vec<String>> {
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for email in product.stack.sent_emails().split_off(before) {
        let [to] = &email.to[..] else { panic!("{} recipients", email.to.len()) };
        codes.entry(to.clone()).or_default().push(code_in(&email).expect("a code"));
    }
    codes
}

/// Checks that each of these sign-ups was sent its code this many times, and nothing else was sent.
#[track_caller]
fn assert_sent<'a>(product: &Product, before: usize, expected: impl IntoIterator<Item = (&'a Waiting, usize)>) {
    let expected = expected.into_iter().filter(|(_, times)| *times > 0);
    let expected: BTreeMap<_, _> =
        expected.map(|(one, times)| (one.address.clone(), vec![one.code.clone(); times])).collect();
    assert_eq!(sent_codes(product, before), expected);
}

fn once(waiting: &[Waiting]) -> impl Iterator<Item = (&Waiting, usize)> {
    waiting.iter().map(|one| (one, 1))
}

/// Runs a test on a product whose senders use one proxy for SES, and send-mail one for DynamoDB.
async fn with_faults(test: impl AsyncFnOnce(&Product, &Proxy, &Proxy)) {
    let (ses, table) = (Proxy::start().await, Proxy::start().await);
    let variables = vec![
        ("AWS_ENDPOINT_URL_SESV2", ses.url().to_owned()),
        ("send-mail/AWS_ENDPOINT_URL_DYNAMODB", table.url().to_owned()),
    ];
    product_with(Settings { variables, ..Settings::default() }, async |product| {
        ses.lead_to_ses(product);
        table.lead_to(product);
        test(product, &ses, &table).await;
    })
    .await;
}

/// Applies a fault to emails to this address only.
fn only_to(address: &str, fault: Fault) -> impl Fn(&Call) -> Option<Fault> + Send + 'static {
    let address = json!([address]);
    move |call| (call.body["Destination"]["ToAddresses"] == address).then_some(fault)
}
