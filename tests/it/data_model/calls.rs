//! The calls that each function makes, and the kinds of items that it writes.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{PAGE, kinds};
use crate::{
    fixtures,
    support::{
        Call, Person, Product, Proxy, Requested, Settings,
        markdown::{section, table},
        product_with, wrong,
    },
};

/// The observed calls and writes of the functions.
#[derive(Default)]
struct Seen {
    /// The operations of each function, when its request succeeds.
    calls: BTreeMap<String, Vec<String>>,
    /// The functions that write each kind of item.
    writers: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Seen {
    fn record(&mut self, function: &str, calls: &[Call]) {
        self.record_writes(function, calls);
        self.calls.insert(function.to_owned(), operations(calls));
    }

    fn record_writes(&mut self, function: &str, calls: &[Call]) {
        let kinds = kinds();
        for (pk, sk) in calls.iter().flat_map(written) {
            let kind = kinds
                .iter()
                .find(|kind| kind.matches(&pk, &sk))
                .unwrap_or_else(|| panic!("the page has no kind of item with the key {pk}, {sk}"));
            self.writers.entry(kind.name).or_default().insert(function.to_owned());
        }
    }
}

fn operations(calls: &[Call]) -> Vec<String> {
    let mut operations: Vec<_> = calls.iter().map(|call| call.operation.clone()).collect();
    operations.sort();
    operations
}

/// The keys that a call writes, or checks in a condition of its transaction.
fn written(call: &Call) -> Vec<(String, String)> {
    let key = |item: &Value| {
        let text = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
        (text("pk"), text("sk"))
    };
    match call.operation.as_str() {
        "UpdateItem" => vec![key(&call.body["Key"])],
        "TransactWriteItems" => {
            let key_of = |part: &Value| key(part.get("Key").unwrap_or(&part["Item"]));
            call.parts().into_iter().map(|(_, part)| key_of(part)).collect()
        }
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_reads_and_writes_as_the_page_says() {
    let proxy = Proxy::start().await;
    let settings = Settings { parameters: Settings::with_mail_for_all().parameters, ..Settings::through(&proxy) };
    let settings = settings.and("MailsPerSourceIpPerHour", "1000");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        let mut seen = Seen::default();
        sessions(product, &proxy, &mut seen).await;
        addresses(product, &proxy, &mut seen).await;
        sending_emails(product, &proxy, &mut seen).await;
        bounce(product, &proxy, &mut seen).await;
        assert_eq!(seen.calls, documented_calls());
        assert_eq!(seen.writers, documented_writers(&seen.calls.keys().cloned().collect()));
    })
    .await;
}

/// Sends a request that succeeds, and returns its response and the calls of DynamoDB that it made.
async fn watch(product: &Product, proxy: &Proxy, request: RequestBuilder) -> (Value, Vec<Call>) {
    let (response, calls) = product.watch(proxy, request).await;
    assert!(response.status < 300, "{}", response.body);
    (response.body, calls)
}

fn verification(product: &Product, path: &str, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, path).json(&json!({"verificationCodeID": id, "code": code}))
}

async fn sessions(product: &Product, proxy: &Proxy, seen: &mut Seen) {
    let body = json!({"email": "john@doe.net", "fullName": "John Doe", "alias": "johny"});
    let (response, calls) = watch(product, proxy, product.request(Method::POST, "/user").json(&body)).await;
    seen.record("create-user", &calls);
    let id = response["verificationCodeID"].as_str().expect("an ID");
    let code = product.newest_code("john@doe.net").await;
    let guess = verification(product, "/session/verification", id, &wrong(&code));
    seen.record_writes("verify-session", &product.watch(proxy, guess).await.1);
    let (_, calls) = watch(product, proxy, verification(product, "/session/verification", id, &code)).await;
    seen.record_writes("verify-session", &calls);

    let sign_in = product.request(Method::POST, "/session").json(&json!({"email": "john@doe.net"}));
    let (response, calls) = watch(product, proxy, sign_in).await;
    seen.record("create-session", &calls);
    let id = response["verificationCodeID"].as_str().expect("an ID");
    let code = product.newest_code("john@doe.net").await;
    let (_, calls) = watch(product, proxy, verification(product, "/session/verification", id, &code)).await;
    seen.record("verify-session", &calls);

    let john = product.sign_in_of("john@doe.net", "johny").await;
    let user = product.request(Method::GET, &format!("/user/id/{}", john.user_id));
    seen.record("get-user", &watch(product, proxy, user).await.1);
    let close = format!("/session/{}", john.session_id);
    let requests = [
        ("check-session", Method::GET, "/session"),
        ("extend-session", Method::PUT, "/session/extend"),
        ("list-sessions", Method::GET, "/sessions"),
        ("close-session", Method::DELETE, close.as_str()),
    ];
    for (function, method, path) in requests {
        let request = product.request(method, path).bearer_auth(&john.bearer);
        seen.record(function, &watch(product, proxy, request).await.1);
    }
}

async fn addresses(product: &Product, proxy: &Proxy, seen: &mut Seen) {
    let john = product.sign_in_of("john@doe.net", "johny").await;
    let of_john = |method, path: &str| product.request(method, path).bearer_auth(&john.bearer);
    let work = json!({"address": "john@work.example"});
    let (_, calls) = watch(product, proxy, of_john(Method::POST, "/email").json(&work)).await;
    seen.record("create-email", &calls);
    let again = of_john(Method::POST, "/email/verification").json(&work);
    let (response, calls) = watch(product, proxy, again).await;
    seen.record("resend-email-code", &calls);
    let id = response["verificationCodeID"].as_str().expect("an ID");
    let code = product.newest_code("john@work.example").await;
    let guess = verification(product, "/email/verification", id, &wrong(&code));
    seen.record_writes("verify-email", &product.watch(proxy, guess).await.1);
    let right = verification(product, "/email/verification", id, &code).bearer_auth(&john.bearer);
    seen.record("verify-email", &watch(product, proxy, right).await.1);
    seen.record("list-emails", &watch(product, proxy, of_john(Method::GET, "/emails")).await.1);

    let (first, work) = email_ids(product, &john).await;
    let prefer = of_john(Method::PUT, "/email/preferred").json(&json!({"emailID": work}));
    seen.record("prefer-email", &watch(product, proxy, prefer).await.1);
    // A sign-in through another address notifies the preferred one.
    let requested = Requested::of(&product.ask_to_sign_in("john@doe.net").await.expect(202));
    let code = product.newest_code("john@doe.net").await;
    let right = verification(product, "/session/verification", &requested.id, &code);
    seen.record_writes("verify-session", &watch(product, proxy, right).await.1);
    let delete = of_john(Method::DELETE, &format!("/email/{first}"));
    seen.record("delete-email", &watch(product, proxy, delete).await.1);
}

async fn email_ids(product: &Product, john: &Person) -> (String, String) {
    (product.email_id(john, "john@doe.net").await, product.email_id(john, "john@work.example").await)
}

/// Derives the calls of `send-mail` by removing the endpoint's calls from all calls.
async fn sending_emails(product: &Product, proxy: &Proxy, seen: &mut Seen) {
    product.stack.delivered().await;
    proxy.take_calls();
    product.ask_to_sign_in("john@work.example").await.expect(202);
    product.stack.delivered().await;
    let calls = proxy.take_calls();
    let mut left = operations(&calls);
    for operation in &seen.calls["create-session"] {
        let position = left.iter().position(|other| other == operation).expect("the endpoint's call");
        left.remove(position);
    }
    seen.calls.insert("send-mail".to_owned(), left);
    let leases = |call: &Call| call.body.to_string().contains("#leasedUntil");
    let leasing_calls = |calls: Vec<Call>| calls.into_iter().filter(leases).collect::<Vec<_>>();
    seen.record_writes("send-mail", &leasing_calls(calls));
    // A notice is sent by `send-mail` too.
    let john = product.sign_in_of("john@work.example", "johny").await;
    product.add_email(&john, "john@home.example").await;
    product.stack.delivered().await;
    seen.record_writes("send-mail", &leasing_calls(proxy.take_calls()));
}

async fn bounce(product: &Product, proxy: &Proxy, seen: &mut Seen) {
    product.stack.delivered().await;
    proxy.take_calls();
    fixtures::invoke(product, "handle-mail-event", "hard-bounce").await;
    seen.record("handle-mail-event", &proxy.take_calls());
}

fn documented_calls() -> BTreeMap<String, Vec<String>> {
    let rows = table(section(PAGE, "## Access patterns"), "| function | calls |");
    let sorted = |calls: &str| {
        let mut calls: Vec<_> = calls.split([',', '∥']).map(|call| call.trim().to_owned()).collect();
        calls.sort();
        calls
    };
    rows.into_iter().map(|row| (row[0].clone(), sorted(&row[1]))).collect()
}

/// The functions that the page names as writers of each kind.
fn documented_writers(functions: &BTreeSet<String>) -> BTreeMap<&'static str, BTreeSet<String>> {
    let writers = |name: &str| {
        let rows = table(section(PAGE, &format!("### {name}")), "| written by |");
        let words = rows.iter().flat_map(|row| row[0].split([' ', ',', ';'])).map(str::to_owned);
        words.filter(|word| functions.contains(word)).collect()
    };
    kinds().into_iter().map(|kind| (kind.name, writers(kind.name))).collect()
}
