//! No answer tells whether an address is registered: not by its status, its headers or its body, nor by the work that is done before
//! it is given (attacks 39 and 40; contract, Life of an account 5).
//!
//! Time itself is not measured, because a test that does fails when the machine is busy. What takes time is: the calls of DynamoDB,
//! one after the other, with all that is in them.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, Proxy, Requested, Settings, product_with, wrong};

/// Has an account.
const KNOWN: &str = "john@doe.net";
/// Was never seen.
const UNKNOWN: &str = "jane@doe.net";

/// Runs a test on a product that knows [`KNOWN`], a day after that signed up, so that its budget is as fresh as any other.
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

/// What a client can see of an answer, and what was asked of DynamoDB for it: all but what is random, or the time.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
    calls: Vec<Value>,
}

impl Seen {
    fn of(answer: &Answer, calls: &[Call], address: &str) -> Self {
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            let value = if ["date", "apigw-requestid", "x-error-id", "content-length"].contains(&name.as_str()) {
                "any"
            } else {
                value.to_str().expect("ASCII")
            };
            (name.to_string(), plain_text(value, address))
        };
        let mut headers: Vec<_> = answer.headers.iter().map(header).collect();
        headers.sort();
        let call = |call: &Call| json!([call.operation, plain(&call.body, address)]);
        let mut calls: Vec<_> = calls.iter().map(call).collect();
        // Questions that are asked at the same time arrive in any order.
        for asked in calls.split_mut(|call| call[0] == "TransactWriteItems") {
            asked.sort_by_key(ToString::to_string);
        }
        Self { status: answer.status, headers, body: plain(&answer.body, address), calls }
    }
}

/// A value in which everything random, every time and the address are replaced by what they are. Lengths and order stay.
fn plain(value: &Value, address: &str) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value, address))).collect(),
        Value::Array(values) => values.iter().map(|value| plain(value, address)).collect(),
        Value::Number(_) => json!("number"),
        Value::String(text) => json!(plain_text(text, address)),
        _ => value.clone(),
    }
}

/// Word by word: identifiers, hashes, tokens and numbers by their kind, the rest as it is.
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

/// Sends the same request for both addresses, and compares all there is to see.
async fn the_same_for_both(product: &Product, proxy: &Proxy, status: u16, request: impl Fn(&str) -> RequestBuilder) {
    let (mut seen, mut waits) = (Vec::new(), Vec::new());
    for address in [KNOWN, UNKNOWN] {
        let (answer, calls) = product.watch(proxy, request(address)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        waits.extend(answer.header("retry-after").map(|wait| wait.parse::<i64>().expect("seconds")));
        seen.push(Seen::of(&answer, &calls, address));
    }
    assert!(!seen[0].calls.is_empty(), "nothing was watched");
    assert_eq!(seen[0], seen[1]);
    // The one is asked for a little later than the other, but not half a minute.
    assert!(waits.is_empty() || (waits[0] - waits[1]).abs() < 30, "{waits:?}");
}

fn sign_up(product: &Product, address: &str, alias: &str) -> RequestBuilder {
    let body = json!({"email": address, "fullName": "Somebody", "alias": alias});
    product.request(Method::POST, "/user").json(&body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_looks_the_same_for_a_taken_address() {
    watched(async |product, proxy| {
        // Digits, which are as good as the time: nothing but the address differs.
        let alias = |address: &str| if address == KNOWN { "11" } else { "22" };
        the_same_for_both(product, proxy, 202, |address| {
            sign_up(product, address, alias(address)).header("user-agent", "somebody")
        })
        .await;
        the_same_for_both(product, proxy, 400, |address| sign_up(product, address, "johny")).await;
        let mails = product.mails().await;
        assert_eq!(
            mails.iter().filter(|mail| mail.to == [KNOWN]).count(),
            2,
            "his own code, and that he has an account"
        );
        assert_eq!(mails.iter().filter(|mail| mail.to == [UNKNOWN]).count(), 1);
    })
    .await;
}

/// Attacks 39 and 40.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_looks_the_same_for_an_unknown_address_until_the_mails_are_used_up_and_after() {
    watched(async |product, proxy| {
        let sign_in = |address: &str| product.request(Method::POST, "/session").json(&json!({"email": address}));
        for status in [202, 202, 202, 429, 429] {
            the_same_for_both(product, proxy, status, sign_in).await;
        }
        product.pass(Duration::from_mins(1));
        the_same_for_both(product, proxy, 202, sign_in).await;
        the_same_for_both(product, proxy, 429, |address| sign_up(product, address, "alias")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_to_add_looks_the_same_whether_it_is_somebody_else_s_or_nobody_s() {
    watched(async |product, proxy| {
        let mary = product.sign_up("mary@doe.net", "mary").await;
        let post = |path: &'static str| {
            let bearer = mary.bearer.clone();
            move |address: &str| {
                product.request(Method::POST, path).bearer_auth(&bearer).json(&json!({"address": address}))
            }
        };
        the_same_for_both(product, proxy, 202, post("/email")).await;
        the_same_for_both(product, proxy, 202, post("/email")).await;
        the_same_for_both(product, proxy, 202, post("/email/verification")).await;
        the_same_for_both(product, proxy, 429, post("/email")).await;
        let emails = product.emails(&mary).await;
        assert!(emails[1..].iter().all(|email| email["verified"] == false), "{emails:?}");
    })
    .await;
}

/// Nobody is mailed a code for an unknown address; a guess at it is counted and refused all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_guess_looks_the_same_whether_there_is_a_code_or_none() {
    watched(async |product, proxy| {
        let known = Requested::of(&product.ask_to_sign_in(KNOWN).await.expect(202));
        let unknown = Requested::of(&product.ask_to_sign_in(UNKNOWN).await.expect(202));
        let code = wrong(&product.newest_code(KNOWN).await);
        for _ in 0..6 {
            the_same_for_both(product, proxy, 401, |address| {
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
async fn a_pending_bearer_looks_the_same_for_an_unknown_address() {
    watched(async |product, proxy| {
        let known = Requested::of(&product.ask_to_sign_in(KNOWN).await.expect(202));
        let unknown = Requested::of(&product.ask_to_sign_in(UNKNOWN).await.expect(202));
        let bearer = |address: &str| if address == KNOWN { &known.bearer } else { &unknown.bearer };
        the_same_for_both(product, proxy, 401, |address| {
            product.request(Method::GET, "/session").bearer_auth(bearer(address))
        })
        .await;
        the_same_for_both(product, proxy, 401, |address| {
            product.request(Method::PUT, "/session/extend").bearer_auth(bearer(address))
        })
        .await;
    })
    .await;
}
