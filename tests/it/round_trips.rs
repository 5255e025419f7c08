//! The endpoints' calls to DynamoDB: no more sequential round trips than the registry says, and the
//! rules that every call follows.

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    faults::{matrix::with_own_product, scenarios::Scenario},
    support::{Call, Fault, Person, Product, Proxy, Settings, code_in, product_with, wrong},
};

/// Long enough for concurrent calls to overlap, even on a busy machine.
const DELAY: Duration = Duration::from_millis(30);

/// Runs a test on a product whose calls to DynamoDB are recorded. As in a deployment, a source has
/// a rate limit.
async fn watched(test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    let settings = Settings { parameters: Settings::with_mail_for_all().parameters, ..Settings::through(&proxy) };
    let settings = settings.and("MailsPerSourceIpPerHour", "1000").and("SessionsPerUser", "5");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        test(product, &proxy).await;
    })
    .await;
}

/// On a busy machine, concurrent calls can look sequential, but never the other way round. So the
/// lowest of several counts is the right one.
async fn assert_round_trips(scenario: Scenario) {
    with_own_product(scenario, async |product, proxy| {
        let person = scenario.begin(product).await;
        let cost = registry::find(scenario.function()).expect("a function").cost;
        let max = if scenario.is_usual() { cost.round_trips as usize } else { scenario.calls().len() };
        let mut counted = Vec::new();
        for _ in 0..6 {
            let prepared = scenario.prepare(product, person.as_ref()).await;
            product.stack.delivered().await;
            proxy.decide(|_| Some(Fault::Late(DELAY)));
            let (response, calls) = product.watch(proxy, prepared.request.for_api(product)).await;
            proxy.mend();
            assert_eq!(response.status, scenario.expected_status(), "{scenario:?}: {}", response.body);
            let round_trips = Call::round_trips(&calls);
            assert!(round_trips >= 1, "{scenario:?}: no call was made");
            if round_trips <= max {
                return;
            }
            counted.push(calls.iter().map(Call::site).collect::<Vec<_>>());
        }
        panic!("{scenario:?}: more than {max} round trips: {counted:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_takes_more_round_trips_than_the_registry_says() {
    for scenario in Scenario::ALL {
        Box::pin(assert_round_trips(scenario)).await;
    }
}

fn of(product: &Product, person: &Person, method: Method, path: &str) -> RequestBuilder {
    product.request(method, path).bearer_auth(&person.bearer)
}

/// Makes every kind of request, successful and refused.
async fn long_journey(product: &Product) {
    let john = product.sign_up("john@doe.net", "johny").await;
    product.ask_to_sign_up("jane@doe.net", "Johny").await.expect(400);
    product.ask_to_sign_up("john@doe.net", "jane").await.expect(202);
    product.ask_to_sign_in("unknown@doe.net").await.expect(202);
    let second = product.add_email(&john, "john@work.example").await;
    product.sign_in_through(&john, "john@work.example").await;
    product.prefer(&john, &second).await.acknowledged();
    product.sign_in_through(&john, "john@doe.net").await;
    product.extend(&john.bearer).await.expect(202);
    // At the cap, each sign-in closes the oldest session.
    let mut newest = john.clone();
    for _ in 0..4 {
        product.pass(Duration::from_mins(1));
        newest = product.sign_in_through(&john, "john@doe.net").await;
    }
    product.session(&john.bearer).await.refused(401, "bearer");
    let third = product.ask_to_add(&newest, "john@home.example").await.expect(202).text("verificationCodeID");
    let code = product.newest_code("john@home.example").await;
    product.verify_email(&third, &wrong(&code)).await.refused(401, "code");
    let again =
        of(product, &newest, Method::POST, "/email/verification").json(&json!({"address": "john@home.example"}));
    product.send(again).await.expect(202);
    product.verify_email(&third, &code).await.acknowledged();
    let id = product.email_id(&newest, "john@home.example").await;
    product.delete_email(&newest, &id).await.acknowledged();
    product.delete_email(&newest, &second).await.refused(403, "preferred");
    product.prefer(&newest, &id).await.refused(404, "not found");
    let (key_pair, code) = product.key_pair_code(&newest, "john@work.example").await;
    product.verify_key_pair(&key_pair.code_id, &code).await.acknowledged();
    product.check_key_pair(&key_pair).await.expect(200);
    product.delete_key_pair(&newest, &key_pair.id).await.acknowledged();
    for path in ["/session", "/sessions", "/emails", "/keypairs"] {
        product.send(of(product, &newest, Method::GET, path)).await.expect(200);
    }
    product.close(&newest, &newest.session_id).await.acknowledged();
    product.close(&newest, &newest.session_id).await.refused(401, "bearer");
    assert!(product.emails_to("john@work.example").await.iter().filter_map(code_in).count() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_follows_the_rules_of_the_store() {
    watched(async |product, proxy| {
        long_journey(product).await;
        product.stack.delivered().await;
        let calls = proxy.take_calls();
        for call in &calls {
            assert_follows_the_rules(call);
        }
        let operations: BTreeSet<_> = calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!(operations, ["GetItem", "Query", "TransactWriteItems", "UpdateItem"].into());
        let tokens: Vec<_> = calls.iter().filter_map(|call| call.body["ClientRequestToken"].as_str()).collect();
        assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len(), "two transactions share a token");
    })
    .await;
}

fn assert_follows_the_rules(call: &Call) {
    let body = &call.body;
    match call.operation.as_str() {
        "GetItem" | "Query" => assert_eq!(body["ConsistentRead"], true, "{body}"),
        "UpdateItem" => assert_conditional("Update", body),
        "TransactWriteItems" => {
            assert!(!body["ClientRequestToken"].as_str().unwrap_or_default().is_empty(), "{body}");
            let parts = call.parts();
            assert!((1..=10).contains(&parts.len()), "{} items: {body}", parts.len());
            for (what, part) in &parts {
                assert_conditional(what, part);
            }
            let keys: BTreeSet<_> = parts.iter().map(|(_, part)| key(part).to_string()).collect();
            assert_eq!(keys.len(), parts.len(), "two writes of one item: {body}");
        }
        other => panic!("{other} is never used: {body}"),
    }
}

fn key(write: &Value) -> Value {
    let item = if write["Key"].is_object() { &write["Key"] } else { &write["Item"] };
    json!([item["pk"]["S"], item["sk"]["S"]])
}

/// Asserts that a write has a condition, and that an update requires its item to exist. Only a rate
/// limit is created by an update.
fn assert_conditional(what: &str, write: &Value) {
    let condition = write["ConditionExpression"].as_str().unwrap_or_default();
    assert!(!condition.is_empty(), "without a condition: {write}");
    let is_rate_limit = key(write)[0].as_str().is_some_and(|key| key.starts_with("RATE_LIMIT#"));
    if what == "Update" && !is_rate_limit {
        assert!(condition.contains("attribute_exists(#pk)"), "may create an item: {write}");
        assert!(!condition.contains(" OR attribute_not_exists(#pk)"), "may create an item: {write}");
    }
    if what == "Put" {
        assert!(condition.contains("attribute_not_exists"), "may overwrite an item: {write}");
    }
}
