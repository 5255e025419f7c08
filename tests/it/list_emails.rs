//! `GET /emails`: the addresses of a user.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::Value;

use crate::{
    fixtures,
    support::{Person, Product, product},
};

const JOHN: &str = "john@doe.net";

async fn addresses(product: &Product, person: &Person) -> Vec<String> {
    let emails = product.emails(person).await;
    emails.iter().map(|email| email["address"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preferred_address_comes_first_and_then_the_oldest() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_secs(1));
        product.ask_to_add(&john, "b@doe.net").await.expect(202);
        product.pass(Duration::from_secs(1));
        let newest = product.add_email(&john, "a@doe.net").await;
        let answer = product.call_as(&john.bearer, Method::GET, "/emails", None).await.expect(200);
        assert_json_snapshot!(product.redacted(&answer.body), @r#"
        {
          "emails": [
            {
              "address": "john@doe.net",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": true,
              "verified": true
            },
            {
              "address": "b@doe.net",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": false,
              "verified": false
            },
            {
              "address": "a@doe.net",
              "deliverable": true,
              "emailID": "[ID]",
              "preferred": false,
              "verified": true
            }
          ]
        }
        "#);
        product.prefer(&john, &newest).await.acknowledged();
        assert_eq!(addresses(product, &john).await, ["a@doe.net", JOHN, "b@doe.net"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_not_deliverable_while_it_is_suppressed() {
    product(async |product| {
        let jane = product.sign_up("jane@example.com", "jane").await;
        product.add_email(&jane, JOHN).await;
        let deliverable = async |person: &Person| -> Vec<Value> {
            product.emails(person).await.iter().map(|email| email["deliverable"].clone()).collect()
        };
        assert_eq!(deliverable(&jane).await, [true, true]);
        fixtures::invoke(product, "handle-mail-event", "complaint").await;
        assert_eq!(deliverable(&jane).await, [false, true]);
        product.pass(Duration::from_hours(30 * 24));
        let jane = product.sign_in(&jane).await;
        assert_eq!(deliverable(&jane).await, [true, true]);
        // A mailbox that does not exist stays so.
        fixtures::invoke(product, "handle-mail-event", "hard-bounce").await;
        product.pass(Duration::from_hours(23));
        assert_eq!(deliverable(&jane).await, [false, true]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_does_not_see_the_addresses_of_others() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let jane = product.sign_up("jane@doe.net", "jane").await;
        // Both users added this address, but each has an entry with its own ID.
        product.ask_to_add(&jane, "shared@doe.net").await.expect(202);
        product.ask_to_add(&john, "shared@doe.net").await.expect(202);
        let (johns, janes) = (product.emails(&john).await, product.emails(&jane).await);
        let ids = |emails: &[Value]| -> Vec<Value> { emails.iter().map(|email| email["emailID"].clone()).collect() };
        assert!(ids(&johns).iter().all(|id| !ids(&janes).contains(id)));
        assert_eq!(addresses(product, &john).await, [JOHN, "shared@doe.net"]);
        assert_eq!(addresses(product, &jane).await, ["jane@doe.net", "shared@doe.net"]);
    })
    .await;
}
