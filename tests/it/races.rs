//! Many at the same moment, round after round: each over a connection of its own that is open before the start, while DynamoDB
//! answers now sooner, now later. Where two are all that there can be, two run; elsewhere 64 do.

mod account;
mod claims;
mod codes;
mod mails;
mod sessions;

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, MANY, Person, Product, Requested, code_in};

/// What a request can be answered with that was refused for another's sake: not found any more, forbidden by now, or, where
/// too many change one account, a clean "try again".
const LOSSES: [u16; 3] = [403, 404, 503];

/// Everybody won, or lost for a reason that he can live with.
#[track_caller]
fn nobody_broke_anything(answers: &[Answer]) {
    for answer in answers {
        assert!(answer.status == 202 || LOSSES.contains(&answer.status), "{}", answer.body);
    }
}

/// How many were told to try again: whether they had their way, nobody knows.
fn unsure(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 503).count()
}

/// Whether somebody had his way for sure.
fn anybody_won(answers: &[Answer]) -> bool {
    answers.iter().any(|answer| answer.status == 202)
}

/// A bearer opens a session if its proof was acknowledged, and only then.
async fn assert_opens(product: &Product, bearer: &str, proof: &Answer) {
    let opened = product.session(bearer).await.status;
    let expected: &[u16] = match proof.status {
        202 => &[200],
        503 => &[200, 401],
        _ => &[401],
    };
    assert!(expected.contains(&opened), "{opened} after {}", proof.body);
}

/// A guess at a code of a session.
fn guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/session/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// A guess at a code of an address.
fn email_guess(product: &Product, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, "/email/verification").json(&json!({"verificationCodeID": id, "code": code}))
}

/// A sign-up's request.
fn sign_up(product: &Product, address: &str, alias: &str) -> RequestBuilder {
    let body = json!({"email": address, "fullName": "John Doe", "alias": alias});
    product.request(Method::POST, "/user").json(&body)
}

/// A sign-in's request.
fn sign_in(product: &Product, address: &str) -> RequestBuilder {
    product.request(Method::POST, "/session").json(&json!({"email": address}))
}

/// A request with somebody's bearer.
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

/// How many guesses at a code were looked at, as the table has it.
async fn tries(product: &Product, id: &str) -> Option<i64> {
    let items = product.items().await;
    items.iter().find(|item| item.text("pk") == format!("CODE#{id}"))?.number("tries")
}

/// How many wrong guesses count against an address.
async fn wrong_guesses(product: &Product, address: &str) -> usize {
    let items = product.items().await;
    let budget = items.iter().find(|item| item.text("pk") == format!("RATE_LIMIT#{address}"));
    budget.expect("a budget").list("wrongGuesses").len()
}

/// The codes that went to an address, in the order in which they were asked for.
async fn codes_to(product: &Product, address: &str) -> Vec<String> {
    product.mails_to(address).await.iter().filter_map(code_in).collect()
}

/// 64 people with accounts, who signed up a few at a time.
async fn people(product: &Product) -> Vec<Person> {
    let mut people = Vec::new();
    for first in (0..MANY).step_by(8) {
        let several = (first..first + 8)
            .map(async |number| product.sign_up(&format!("john{number}@doe.net"), &format!("johny{number}")).await);
        people.extend(join_all(several).await);
    }
    people
}

/// Asks for that many sign-ins, and has them ready to be proved.
async fn sign_ins(product: &Product, address: &str, many: usize) -> Vec<(Requested, RequestBuilder)> {
    let before = product.mails_to(address).await.len();
    let mut asked = Vec::new();
    for _ in 0..many {
        asked.push(Requested::of(&product.ask_to_sign_in(address).await.expect(202)));
    }
    let mails = product.mails_to(address).await.split_off(before);
    let ready = asked.into_iter().zip(&mails).map(|(requested, mail)| {
        let code = code_in(mail).expect("a code");
        let proof = guess(product, &requested.id, &code);
        (requested, proof)
    });
    ready.collect()
}

/// The IDs of the addresses for which that holds.
fn ids(emails: &[Value], which: &str) -> Vec<String> {
    let chosen = emails.iter().filter(|email| email[which] == true);
    chosen.map(|email| email["emailID"].as_str().expect("an ID").to_owned()).collect()
}
