//! The endpoints' calls to DynamoDB: the number of sequential round trips, and the rules that every
//! call follows.

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Call, Fault, Person, Product, Proxy, Requested, Settings, code_in, product_with, wrong};

/// Long enough for concurrent calls to overlap, even on a busy machine.
const DELAY: Duration = Duration::from_millis(30);

/// Runs a test on a product whose calls to DynamoDB are recorded. As in a deployment, a source has
/// a rate limit.
async fn watched(delay: Duration, test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    proxy.decide(move |_| Some(Fault::Late(delay)));
    let settings = Settings { parameters: Settings::with_mail_for_all().parameters, ..Settings::through(&proxy) };
    let settings = settings.and("MailsPerSourceIpPerHour", "1000").and("SessionsPerUser", "5");
    product_with(settings, async |product| {
        proxy.lead_to(product);
        test(product, &proxy).await;
    })
    .await;
}

/// Asserts that a request succeeds within a number of round trips.
///
/// On a busy machine, concurrent calls can look sequential, but never the other way round. So the
/// lowest of several counts is the right one.
async fn takes(most: usize, product: &Product, proxy: &Proxy, mut request: impl AsyncFnMut(usize) -> RequestBuilder) {
    let mut counted = Vec::new();
    for attempt in 0..6 {
        let request = request(attempt).await;
        let (answer, calls) = product.watch(proxy, request).await;
        assert!(answer.status < 300, "{}", answer.body);
        let trips = Call::round_trips(&calls);
        assert!(trips >= 1, "no call was made");
        if trips <= most {
            return;
        }
        counted.push(calls.iter().map(|call| call.operation.clone()).collect::<Vec<_>>());
    }
    panic!("more than {most} round trips: {counted:?}");
}

fn of(product: &Product, person: &Person, method: Method, path: &str) -> RequestBuilder {
    product.request(method, path).bearer_auth(&person.bearer)
}

fn verification(product: &Product, path: &str, id: &str, code: &str) -> RequestBuilder {
    product.request(Method::PUT, path).json(&json!({"verificationCodeID": id, "code": code}))
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_take_at_most_two_round_trips() {
    watched(DELAY, async |product, proxy| {
        let john = product.sign_up("john@doe.net", "johny").await;
        takes(1, product, proxy, async |_| of(product, &john, Method::GET, "/session")).await;
        let user = format!("/user/id/{}", john.user_id);
        takes(1, product, proxy, async |_| product.request(Method::GET, &user)).await;
        takes(2, product, proxy, async |_| of(product, &john, Method::GET, "/emails")).await;
        takes(2, product, proxy, async |_| of(product, &john, Method::GET, "/sessions")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requesting_a_code_takes_at_most_three_round_trips() {
    watched(DELAY, async |product, proxy| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let sign_up =
            |attempt| json!({"email": "jane@doe.net", "fullName": "Jane Doe", "alias": format!("jane{attempt}")});
        takes(2, product, proxy, async |attempt| product.request(Method::POST, "/user").json(&sign_up(attempt))).await;
        let sign_in = json!({"email": "john@doe.net"});
        takes(2, product, proxy, async |_| product.request(Method::POST, "/session").json(&sign_in)).await;
        let address = |attempt| json!({"address": format!("john{attempt}@work.example")});
        takes(3, product, proxy, async |attempt| of(product, &john, Method::POST, "/email").json(&address(attempt)))
            .await;
        let again = |_| of(product, &john, Method::POST, "/email/verification").json(&address(0));
        takes(3, product, proxy, async |attempt| again(attempt)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_a_code_takes_at_most_three_round_trips() {
    watched(DELAY, async |product, proxy| {
        takes(2, product, proxy, async |attempt| {
            let address = format!("john{attempt}@doe.net");
            let asked = Requested::of(&product.ask_to_sign_up(&address, &format!("johny{attempt}")).await.expect(202));
            verification(product, "/session/verification", &asked.id, &product.newest_code(&address).await)
        })
        .await;
        let john = product.sign_in_of("john0@doe.net", "johny0").await;
        takes(3, product, proxy, async |_| {
            let asked = Requested::of(&product.ask_to_sign_in(&john.address).await.expect(202));
            verification(product, "/session/verification", &asked.id, &product.newest_code(&john.address).await)
        })
        .await;
        takes(3, product, proxy, async |attempt| {
            let address = format!("john{attempt}@work.example");
            let id = product.ask_to_add(&john, &address).await.expect(202).text("verificationCodeID");
            let code = product.newest_code(&address).await;
            verification(product, "/email/verification", &id, &code).bearer_auth(&john.bearer)
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_an_account_takes_at_most_three_round_trips() {
    watched(DELAY, async |product, proxy| {
        let john = product.sign_up("john@doe.net", "johny").await;
        let ids = [product.email_id(&john, "john@doe.net").await, product.add_email(&john, "john@work.example").await];
        takes(3, product, proxy, async |attempt| {
            // Alternates, because preferring the preferred address again writes nothing.
            let body = json!({"emailID": ids[(attempt + 1) % 2]});
            of(product, &john, Method::PUT, "/email/preferred").json(&body)
        })
        .await;
        takes(3, product, proxy, async |attempt| {
            let id = product.add_email(&john, &format!("more{attempt}@work.example")).await;
            of(product, &john, Method::DELETE, &format!("/email/{id}"))
        })
        .await;
        takes(2, product, proxy, async |_| of(product, &john, Method::PUT, "/session/extend")).await;
        takes(2, product, proxy, async |_| {
            let other = product.sign_in(&john).await;
            of(product, &other, Method::DELETE, &format!("/session/{}", other.session_id))
        })
        .await;
        takes(3, product, proxy, async |_| {
            let other = product.sign_in(&john).await;
            of(product, &john, Method::DELETE, &format!("/session/{}", other.session_id))
        })
        .await;
    })
    .await;
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
    product.send(of(product, &john, Method::PUT, "/session/extend")).await.acknowledged();
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
    for path in ["/session", "/sessions", "/emails"] {
        product.send(of(product, &newest, Method::GET, path)).await.expect(200);
    }
    product.close(&newest, &newest.session_id).await.acknowledged();
    product.close(&newest, &newest.session_id).await.refused(401, "bearer");
    assert!(product.mails_to("john@work.example").await.iter().filter_map(code_in).count() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_follows_the_rules_of_the_store() {
    watched(Duration::ZERO, async |product, proxy| {
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
    let is_budget = key(write)[0].as_str().is_some_and(|key| key.starts_with("RATE_LIMIT#"));
    if what == "Update" && !is_budget {
        assert!(condition.contains("attribute_exists(#pk)"), "may create an item: {write}");
        assert!(!condition.contains(" OR attribute_not_exists(#pk)"), "may create an item: {write}");
    }
    if what == "Put" {
        assert!(condition.contains("attribute_not_exists"), "may overwrite an item: {write}");
    }
}
