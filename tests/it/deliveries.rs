//! What can go wrong between the stream and the mailbox: batches that come again, records that nobody can read, a mail service and
//! a table that fail, functions that die. Every code is mailed once without faults, never to two, and at least once with them.

mod crashes;
mod poison;
mod repeats;
mod ses_errors;
mod table_faults;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json, value::to_raw_value};

use crate::support::{Call, Fault, Item, Product, Proxy, Requested, Settings, code_in, product_with};

/// A sign-up whose mail has yet to be sent.
struct Waiting {
    address: String,
    asked: Requested,
    code: String,
    image: Value,
}

/// So many sign-ups, which wait for their mails.
async fn waiting(product: &Product, many: usize) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for number in 0..many {
        let address = format!("john{number}@doe.net");
        let (asked, code) = product.sign_up_code(&address, &format!("johny{number}")).await;
        waiting.push(Waiting { address, asked, code, image: Value::Null });
    }
    product.stack.delivered().await;
    for item in product.items().await {
        let id = item.text("verificationCodeID");
        if let Some(waiting) = waiting.iter_mut().find(|waiting| waiting.asked.id == id) {
            waiting.image = new_image(&item);
        }
    }
    unmail(product, &waiting).await;
    waiting
}

/// The item of a code as the stream has it, if it is still there.
pub(crate) async fn image_of(product: &Product, id: &str) -> Option<Value> {
    let items = product.items().await;
    items.iter().find(|item| item.text("verificationCodeID") == id).map(new_image)
}

/// An item without what `send-mail` wrote into it.
fn new_image(item: &Item) -> Value {
    let mut image = item.image();
    let attributes = image.as_object_mut().expect("an item");
    attributes.retain(|name, _| !["mailedAt", "reply"].contains(&name.as_str()));
    image
}

/// The mark of an email that was sent, lost as when SES's answer does not arrive or the mailer dies before the mark.
pub(crate) async fn forget_mark(product: &Product, id: &str) {
    update(product, &format!("CODE#{id}"), "CODE", "REMOVE mailedAt").await;
}

/// To the table, these have not been mailed. The stream has a change more, which asks for nothing.
async fn unmail(product: &Product, waiting: &[Waiting]) {
    for one in waiting {
        unmark(product, &format!("CODE#{}", one.asked.id), "CODE").await;
    }
    product.stack.delivered().await;
}

/// To the table, nobody has ever tried to mail this item.
async fn unmark(product: &Product, pk: &str, sk: &str) {
    update(product, pk, sk, "REMOVE mailedAt, leasedUntil, reply").await;
}

async fn update(product: &Product, pk: &str, sk: &str, expression: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let update = product.dynamodb().update_item().table_name(product.table().await);
    let update = update.key("pk", key(pk)).key("sk", key(sk)).update_expression(expression);
    update.send().await.expect("an update");
    product.stack.delivered().await;
}

/// The stream's record of a new item, at a place of the stream.
pub(crate) fn record(image: &Value, place: usize) -> Value {
    let keys = json!({"pk": image["pk"], "sk": image["sk"]});
    json!({
        "eventName": "INSERT",
        "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": sequence_number(place)},
    })
}

fn sequence_number(place: usize) -> String {
    format!("1{place:0>20}")
}

/// The records of these, in their order.
fn records(waiting: &[Waiting]) -> Vec<Value> {
    waiting.iter().enumerate().map(|(place, one)| record(&one.image, place)).collect()
}

/// Hands a batch to the function as Lambda does. From which record on it is to come again, if it is.
pub(crate) async fn deliver(product: &Product, batch: &[Value]) -> Option<usize> {
    let event = to_raw_value(&json!({"Records": batch})).expect("an event");
    let answer = product.stack.invoke("send-mail", &event).await.expect("an answer");
    again_from(batch, &serde_json::from_str(answer.get()).expect("JSON"))
}

/// Which record an answer names.
fn again_from(batch: &[Value], answer: &Value) -> Option<usize> {
    let failures = answer["batchItemFailures"].as_array().expect("failures");
    assert!(failures.len() <= 1, "{failures:?}");
    let failed = &failures.first()?["itemIdentifier"];
    let place = batch.iter().position(|record| record["dynamodb"]["SequenceNumber"] == *failed);
    Some(place.unwrap_or_else(|| panic!("{failed} is no record of the batch")))
}

/// Hands a batch over until nothing of it comes again, ten seconds apart. How long it took.
async fn deliver_until_done(product: &Product, batch: &[Value]) -> Duration {
    let (mut rest, mut time) = (batch, Duration::ZERO);
    while let Some(place) = deliver(product, rest).await {
        rest = &rest[place..];
        product.pass(Duration::from_secs(10));
        time += Duration::from_secs(10);
        assert!(time <= Duration::from_mins(1), "it comes again for ever");
    }
    time
}

/// Which codes went to whom, but for the first so many mails. Each went to one.
fn mailed(product: &Product, before: usize) -> BTreeMap<String, Vec<String>> {
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in product.stack.mails().split_off(before) {
        let [to] = &mail.to[..] else { panic!("{} recipients", mail.to.len()) };
        codes.entry(to.clone()).or_default().push(code_in(&mail).expect("a code"));
    }
    codes
}

/// Each of these was mailed the one code that he had before, so often.
#[track_caller]
fn assert_mailed<'a>(product: &Product, before: usize, expected: impl IntoIterator<Item = (&'a Waiting, usize)>) {
    let expected = expected.into_iter().filter(|(_, times)| *times > 0);
    let expected: BTreeMap<_, _> =
        expected.map(|(one, times)| (one.address.clone(), vec![one.code.clone(); times])).collect();
    assert_eq!(mailed(product, before), expected);
}

fn once(waiting: &[Waiting]) -> impl Iterator<Item = (&Waiting, usize)> {
    waiting.iter().map(|one| (one, 1))
}

/// A product whose mailer has a proxy before SES and one before DynamoDB.
async fn with_faults(test: impl AsyncFnOnce(&Product, &Proxy, &Proxy)) {
    let (ses, table) = (Proxy::start().await, Proxy::start().await);
    let variables = vec![
        ("send-mail/AWS_ENDPOINT_URL_SESV2", ses.url().to_owned()),
        ("send-mail/AWS_ENDPOINT_URL_DYNAMODB", table.url().to_owned()),
    ];
    product_with(Settings { variables, ..Settings::default() }, async |product| {
        ses.lead_to_ses(product);
        table.lead_to(product);
        test(product, &ses, &table).await;
    })
    .await;
}

/// Mails to this address go wrong so, all others go out.
fn only_to(address: &str, fault: Fault) -> impl Fn(&Call) -> Option<Fault> + Send + 'static {
    let address = json!([address]);
    move |call| (call.body["Destination"]["ToAddresses"] == address).then_some(fault)
}
