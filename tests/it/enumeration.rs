//! No response reveals whether an address is registered: neither its status, headers and body, nor
//! the work that precedes it (contract, Life of an account 5).
//!
//! Time is not measured, because such a test fails on a busy machine. Instead, the tests compare
//! what takes time: the sequence of DynamoDB calls, with their contents.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, Proxy, Requested, Settings, product_with, wrong};

/// An address with an account.
const KNOWN: &str = "john@doe.net";
/// An address without an account.
const UNKNOWN: &str = "jane@doe.net";

/// Runs a test a day after [`KNOWN`] signed up, so that its rate limit is as unused as that of any
/// other address.
async fn watched(test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    let settings = Settings::through(&proxy).and("MailsPerSourceIpPerHour", "1000");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        product.sign_up(KNOWN, "johny").await;
        product.pass(Duration::from_hours(25));
        test(product, &proxy).await;
    })
    .await;
}

/// A response as a client sees it, and the DynamoDB calls that it required, without random values
/// and times.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
    calls: Vec<Value>,
}

impl Seen {
    fn of(response: &Answer, calls: &[Call], address: &str) -> Self {
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            let value = if ["date", "apigw-requestid", "x-error-id", "content-length"].contains(&name.as_str()) {
                "any"
            } else {
                value.to_str().expect("ASCII")
            };
            (name.to_string(), plain_text(value, address))
        };
        let mut headers: Vec<_> = response.headers.iter().map(header).collect();
        headers.sort();
        let call = |call: &Call| json!([call.operation, plain(&call.body, address)]);
        let mut calls: Vec<_> = calls.iter().map(call).collect();
        // Concurrent reads arrive in any order.
        for concurrent in calls.split_mut(|call| call[0] == "TransactWriteItems") {
            concurrent.sort_by_key(ToString::to_string);
        }
        Self { status: response.status, headers, body: plain(&response.body, address), calls }
    }
}

/// Replaces random values, times and the address in a value by their kinds. Lengths and order stay.
fn plain(value: &Value, address: &str) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value, address))).collect(),
        Value::Array(values) => values.iter().map(|value| plain(value, address)).collect(),
        Value::Number(_) => json!("number"),
        Value::String(text) => json!(plain_text(text, address)),
        _ => value.clone(),
    }
}

/// Replaces identifiers, hashes, tokens and numbers in a text, word by word.
fn plain_text(text: &str, address: &str) -> String {
    let in_word = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let kind = |word: &str| match word.trim_end_matches(|last| !in_word(last)) {
        bare if uuid::Uuid::parse_str(bare).is_ok() => word.replace(bare, "<uuid>"),
        bare if bare.len() >= 32 => word.replace(bare, &format!("<random {}>", bare.len())),
        bare if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) => word.replace(bare, "<number>"),
        _ => word.to_owned(),
    };
    text.replace(address, "<address>").split_inclusive(|character| !in_word(character)).map(kind).collect()
}

/// Sends the same request for both addresses, and compares the responses and the calls.
async fn assert_same_for_both(product: &Product, proxy: &Proxy, status: u16, request: impl Fn(&str) -> RequestBuilder) {
    let (mut seen, mut waits) = (Vec::new(), Vec::new());
    for address in [KNOWN, UNKNOWN] {
        let (response, calls) = product.watch(proxy, request(address)).await;
        assert_eq!(response.status, status, "{}", response.body);
        waits.extend(response.header("retry-after").map(|wait| wait.parse::<i64>().expect("seconds")));
        seen.push(Seen::of(&response, &calls, address));
    }
    assert!(!seen[0].calls.is_empty(), "no call was observed");
    assert_eq!(seen[0], seen[1]);
    // The second request is sent slightly later than the first, but less than half a minute.
    assert!(waits.is_empty() || (waits[0] - waits[1]).abs() < 30, "{waits:?}");
}

fn sign_up(product: &Product, address: &str, alias: &str) -> RequestBuilder {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    product.request(Method::POST, "/user").json(&body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_looks_the_same_for_a_taken_address() {
    watched(async |product, proxy| {
        // Numeric aliases are replaced like other numbers, so that only the address differs.
        let alias = |address: &str| if address == KNOWN { "11" } else { "22" };
        assert_same_for_both(product, proxy, 202, |address| {
            sign_up(product, address, alias(address)).header("user-agent", "Firefox")
        })
        .await;
        assert_same_for_both(product, proxy, 400, |address| sign_up(product, address, "johny")).await;
        let emails = product.sent_emails().await;
        assert_eq!(
            emails.iter().filter(|email| email.to == [KNOWN]).count(),
            2,
            "the code of the first sign-up, and the notice of an existing account"
        );
        assert_eq!(emails.iter().filter(|email| email.to == [UNKNOWN]).count(), 1);
    })
    .await;
}

/// The rate limit of an address does not reveal an account either.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_looks_the_same_for_an_unknown_address_at_any_quota() {
    watched(async |product, proxy| {
        let sign_in = |address: &str| product.request(Method::POST, "/session").json(&json!({"email": address}));
        for status in [202, 202, 202, 429, 429] {
            assert_same_for_both(product, proxy, status, sign_in).await;
        }
        product.pass(Duration::from_mins(1));
        assert_same_for_both(product, proxy, 202, sign_in).await;
        assert_same_for_both(product, proxy, 429, |address| sign_up(product, address, "alias")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_an_address_looks_the_same_whether_or_not_it_is_taken() {
    watched(async |product, proxy| {
        let mary = product.sign_up("mary@doe.net", "mary").await;
        let post = |path: &'static str| {
            let bearer = mary.bearer.clone();
            move |address: &str| {
                product.request(Method::POST, path).bearer_auth(&bearer).json(&json!({"address": address}))
            }
        };
        assert_same_for_both(product, proxy, 202, post("/email")).await;
        assert_same_for_both(product, proxy, 202, post("/email")).await;
        assert_same_for_both(product, proxy, 202, post("/email/verification")).await;
        assert_same_for_both(product, proxy, 429, post("/email")).await;
        let emails = product.emails(&mary).await;
        assert!(emails[1..].iter().all(|email| email["verified"] == false), "{emails:?}");
    })
    .await;
}

/// An unknown address gets no code, but a guess at its verification is counted and refused in the
/// same way.
#[tokio::test(flavor = "multi_thread")]
async fn a_guess_looks_the_same_whether_or_not_there_is_a_code() {
    watched(async |product, proxy| {
        let known = Requested::of(&product.ask_to_sign_in(KNOWN).await.expect(202));
        let unknown = Requested::of(&product.ask_to_sign_in(UNKNOWN).await.expect(202));
        let code = wrong(&product.newest_code(KNOWN).await);
        for _ in 0..6 {
            assert_same_for_both(product, proxy, 401, |address| {
                let id = if address == KNOWN { &known.id } else { &unknown.id };
                let body = json!({"verificationCodeID": id, "code": code});
                product.request(Method::PUT, "/session/verification").json(&body)
            })
            .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_bearer_token_looks_the_same_for_an_unknown_address() {
    watched(async |product, proxy| {
        let known = Requested::of(&product.ask_to_sign_in(KNOWN).await.expect(202));
        let unknown = Requested::of(&product.ask_to_sign_in(UNKNOWN).await.expect(202));
        let bearer = |address: &str| if address == KNOWN { &known.bearer } else { &unknown.bearer };
        assert_same_for_both(product, proxy, 401, |address| {
            product.request(Method::GET, "/session").bearer_auth(bearer(address))
        })
        .await;
        assert_same_for_both(product, proxy, 401, |address| {
            product.request(Method::PUT, "/session/extend").bearer_auth(bearer(address))
        })
        .await;
    })
    .await;
}
