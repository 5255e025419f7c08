//! Concurrent requests, round after round. Each request has a connection of its own that is open
//! before the start, and DynamoDB responds after varying delays. Two requests run where only two
//! can conflict, 64 elsewhere.

mod account;
mod codes;
mod deletion;
mod emails;
mod key_pairs;
mod owners;
mod profile;
mod recovery;
mod sessions;

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, MANY, Person, Product, Requested, code_in};

/// The statuses of a request that lost to another one: not found any more, forbidden by now or, if
/// too many requests change one account, "try again".
const LOSSES: [u16; 3] = [403, 404, 503];

/// Asserts that every request succeeded, or lost for an expected reason.
#[track_caller]
fn assert_won_or_lost(answers: &[Answer]) {
    for answer in answers {
        assert!(answer.status == 202 || LOSSES.contains(&answer.status), "{}", answer.body);
    }
}

/// Counts the 503 responses. Such a request may have succeeded or not.
fn unsure(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 503).count()
}

/// Returns whether any request certainly succeeded.
fn any_won(answers: &[Answer]) -> bool {
    answers.iter().any(|answer| answer.status == 202)
}

/// Asserts that a session is active if the verification of its code was acknowledged, and only
/// then.
async fn assert_active_if_acknowledged(product: &Product, bearer: &str, verification: &Answer) {
    let status = product.session(bearer).await.status;
    let expected: &[u16] = match verification.status {
        202 => &[200],
        503 => &[200, 401],
        _ => &[401],
    };
    assert!(expected.contains(&status), "{status} after {}", verification.body);
}

/// Returns a request that verifies the code of a session.
fn guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/session/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// Returns a request that verifies the code of an address.
fn email_guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/email/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// Returns a sign-up request.
fn sign_up(product: &Product, address: &str, alias: &str) -> RequestBuilder {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    product.request(Method::POST, "/user").json(&body)
}

/// Returns a sign-in request.
fn sign_in(product: &Product, address: &str) -> RequestBuilder {
    product.request(Method::POST, "/session").json(&json!({"email": address}))
}

/// Returns a request with a user's bearer token.
fn of(product: &Product, person: &Person, method: Method, path: &str) -> RequestBuilder {
    product.request(method, path).bearer_auth(&person.bearer)
}

fn add(product: &Product, person: &Person, address: &str) -> RequestBuilder {
    of(product, person, Method::POST, "/email").json(&json!({"address": address}))
}

fn delete_email(product: &Product, person: &Person, id: &str) -> RequestBuilder {
    of(product, person, Method::DELETE, &format!("/email/{id}"))
}

fn prefer(product: &Product, person: &Person, id: &str) -> RequestBuilder {
    of(product, person, Method::PUT, "/email/preferred").json(&json!({"emailID": id}))
}

/// Returns the number of guesses at a code that were checked, as stored in the table.
async fn tries(product: &Product, id: &str) -> Option<i64> {
    let items = product.items().await;
    items.iter().find(|item| item.text("pk") == format!("CODE#{id}"))?.number("tries")
}

/// Returns the number of wrong guesses that count against an address.
async fn wrong_guesses(product: &Product, address: &str) -> usize {
    let items = product.items().await;
    let rate_limit = items.iter().find(|item| item.text("pk") == format!("RATE_LIMIT#{address}"));
    rate_limit.expect("a rate limit").list("wrongGuesses").len()
}

/// Returns the codes that were mailed to an address, in the order of their requests.
async fn codes_to(product: &Product, address: &str) -> Vec<String> {
    product.emails_to(address).await.iter().filter_map(code_in).collect()
}

/// Signs up 64 users, a few at a time.
async fn people(product: &Product) -> Vec<Person> {
    let mut people = Vec::new();
    for first in (0..MANY).step_by(8) {
        let several = (first..first + 8)
            .map(async |number| product.sign_up(&format!("john{number}@doe.net"), &format!("johny{number}")).await);
        people.extend(join_all(several).await);
    }
    people
}

/// Requests many sign-ins of one address, and returns the requests that verify their codes.
async fn sign_ins(product: &Product, address: &str, many: usize) -> Vec<(Requested, RequestBuilder)> {
    let before = product.emails_to(address).await.len();
    let mut asked = Vec::new();
    for _ in 0..many {
        asked.push(Requested::of(&product.ask_to_sign_in(address).await.expect(202)));
    }
    let sent = product.emails_to(address).await.split_off(before);
    let ready = asked.into_iter().zip(&sent).map(|(requested, mail)| {
        let code = code_in(mail).expect("a code");
        let verification = guess(product, &requested.id, &code);
        (requested, verification)
    });
    ready.collect()
}

/// Returns the IDs of the emails in which the member `which` is true.
fn ids(emails: &[Value], which: &str) -> Vec<String> {
    let chosen = emails.iter().filter(|email| email[which] == true);
    chosen.map(|email| email["emailID"].as_str().expect("an ID").to_owned()).collect()
}
