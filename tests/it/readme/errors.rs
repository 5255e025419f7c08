//! docs/errors.md matches the responses and the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use shared::Reason;

use crate::support::{
    Answer, Product, Settings,
    markdown::{code, fenced, table},
    product, product_with,
};

const PAGE: &str = include_str!("../../../docs/errors.md");
const CODE: &str = include_str!("../../../shared/src/error.rs");
const UNKNOWN: &str = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e";

/// Returns the status of each kind of error, as the page lists them.
fn catalogue() -> BTreeMap<String, u16> {
    let rows = table(PAGE, "| kind | status |");
    rows.iter().map(|row| (code(&row[0])[0].to_owned(), row[1].parse().expect("a status"))).collect()
}

#[test]
fn the_catalogue_has_every_kind_that_the_code_has() {
    let (_, kinds) = CODE.split_once("fn kind(&self)").expect("the kinds");
    let (kinds, _) = kinds.split_once("\n    }\n").expect("their end");
    let kinds: BTreeSet<_> = kinds.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(catalogue().into_keys().collect::<BTreeSet<_>>(), kinds);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_error_has_the_status_in_the_catalogue() {
    let mut answered = BTreeMap::new();
    let mut remember = |answer: Answer| {
        let kind = answer.text("type").strip_prefix("urn:latchkey:problem:").expect("a kind").to_owned();
        answered.insert(kind, answer.status);
    };
    product(async |product| refusals(product).await.into_iter().for_each(&mut remember)).await;
    // Nothing listens on that port, and there is no such table.
    for (variable, value) in [("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"), ("TABLE_NAME", "elsewhere")] {
        let settings = Settings { variables: vec![(variable, value.to_owned())], ..Settings::default() };
        let user = format!("/user/id/{UNKNOWN}");
        product_with(settings, async |product| remember(product.call(Method::GET, &user, json!(null)).await)).await;
    }
    assert_eq!(answered, catalogue());
}

async fn refusals(product: &Product) -> Vec<Answer> {
    let john = product.sign_up("john@doe.net", "johny").await;
    let preferred = product.email_id(&john, "john@doe.net").await;
    let text = product.request(Method::POST, "/session").header("content-type", "text/plain").body("{}");
    let refusals = vec![
        product.send(text).await,
        product.call(Method::POST, "/session", json!({})).await,
        product.session("").await,
        product.verify_session(UNKNOWN, "123456").await,
        product.delete_email(&john, &preferred).await,
        product.delete_email(&john, UNKNOWN).await,
    ];
    for _ in 0..2 {
        product.ask_to_sign_in("john@doe.net").await.expect(202);
    }
    let too_many = product.ask_to_sign_in("john@doe.net").await;
    product.pass(Duration::from_hours(1));
    let stale = product.ask_to_add(&john, "john@work.example").await;
    refusals.into_iter().chain([too_many, stale]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_of_a_field_is_listed_and_is_returned() {
    let listed = table(PAGE, "| code | meaning |");
    let listed: BTreeSet<_> = listed.iter().map(|row| code(&row[0])[0].to_owned()).collect();
    assert_eq!(listed, Reason::ALL.map(|reason| json!(reason).as_str().expect("a code").to_owned()).into());
    product(async |product| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let sign_up = |alias: Value| json!({"email": "jane@doe.net", "fullName": "Jane Doe", "alias": alias});
        let mut bodies = vec![json!({"fullName": " ", "alias": 1})];
        let aliases =
            ["x".repeat(33), "jo hny".into(), "j\u{43e}hny".into(), "...".into(), "admin".into(), "Johny".into()];
        bodies.extend(aliases.into_iter().map(|alias| sign_up(alias.into())));
        let mut answers = vec![product.ask_to_add(&john, "john@doe.net").await];
        for body in bodies {
            answers.push(product.call(Method::POST, "/user", body).await);
        }
        let key_pair = json!({"name": "CI", "days": 366});
        answers.push(product.call_as(&john.bearer, Method::POST, "/keypair", Some(key_pair)).await);
        let errors = answers.iter().flat_map(|answer| answer.body["errors"].as_array().expect("errors"));
        let returned: BTreeSet<_> = errors.map(|error| error["code"].as_str().expect("a code").to_owned()).collect();
        assert_eq!(returned, listed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_an_error_is_the_actual_response() {
    let (_, example) = fenced(PAGE)[0];
    let parts: Vec<_> = example.split("\n\n").collect();
    let [request, asked, head, body] = parts[..] else { panic!("a request and a response: {example}") };
    let (method, path) = request.lines().next().expect("a line").split_once(' ').expect("a path");
    let path = path.trim_start_matches(crate::support::BASE).to_owned();
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    product(async |product| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = product.call(method, &path, json(asked)).await;
        assert_eq!(product.redacted(&answer.body), product.redacted(&json(body)));
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", answer.status)));
        for line in head.lines().skip(1).filter(|line| !line.starts_with("x-error-id")) {
            let (name, value) = line.split_once(": ").expect("a header");
            assert_eq!(answer.header(name), Some(value));
        }
    })
    .await;
}
