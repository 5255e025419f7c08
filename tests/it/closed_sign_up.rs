//! `SignUp`: the deployment decides which addresses an account can be created with (contract, Life
//! of an account 1).

use reqwest::Method;
use serde_json::json;

use crate::{
    fixtures::world,
    support::{Answer, Product, Proxy, Settings, product_with},
};

/// Runs a test with the accounts of `events/`: `john@doe.net` has one.
async fn with_sign_up(sign_up: &'static str, test: impl AsyncFnOnce(&Product, &Proxy)) {
    let proxy = Proxy::start().await;
    let settings = Settings::through(&proxy).and("SignUp", sign_up);
    product_with(settings, async |product| {
        proxy.lead_to(product);
        world::populate(product).await;
        test(product, &proxy).await;
    })
    .await;
}

/// Asserts that a sign-up with each address is refused with the same response, and that the table
/// is not even read.
async fn refuse(product: &Product, proxy: &Proxy, addresses: &[&str]) {
    let before = product.contents().await;
    let refusals = async {
        let mut refusals = Vec::new();
        for address in addresses {
            // Even with an alias that no user can have, and more often than any rate limit allows.
            for alias in ["new", "johny", "admin"] {
                let body = json!({"email": address, "fullName": "Jane Doe", "alias": alias});
                let request = product.request(Method::POST, "/user").json(&body);
                let (answer, calls) = product.watch(proxy, request).await;
                assert!(calls.is_empty(), "{address}: {calls:?}");
                let refusal = answer.refused(403, "Sign-up is not open to this address");
                refusals.push(product.redacted(&refusal.body));
            }
        }
        refusals
    };
    let mut refusals = product.mailing(refusals, &[]).await;
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    product.assert_unchanged(&before).await;
}

async fn sign_up(product: &Product, address: &str, alias: &str) -> Answer {
    product.pass(std::time::Duration::from_mins(2));
    product.ask_to_sign_up(address, alias).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_deployment_refuses_every_sign_up_and_serves_its_users() {
    with_sign_up("closed", async |product, proxy| {
        refuse(product, proxy, &["john@doe.net", "JOHN@doe.net", "jane@doe.net", "jane@unknown.example"]).await;
        product.call(Method::POST, "/user", json!({"email": "jane@doe.net"})).await.refused(400, "alias is missing");
        product.sign_in_of("john@doe.net", "johny").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_addresses_of_a_listed_domain_can_sign_up() {
    with_sign_up("Doe.net,b\u{fc}cher.example", async |product, proxy| {
        let others = [
            "john@example.com",
            "jane@sub.doe.net",
            "jane@doe.net.example",
            "jane@evil-doe.net",
            "doe.net@evil.example",
            "jane@bucher.example",
        ];
        refuse(product, proxy, &others).await;
        // Whether the address has an account makes no difference here, either.
        let listed =
            ["john@doe.net", "jack@DOE.NET", "jill@doe.net.", "jim@B\u{dc}CHER.example", "joe@xn--bcher-kva.example"];
        for (number, address) in listed.into_iter().enumerate() {
            sign_up(product, address, &format!("new{number}")).await.expect(202);
        }
        product.stack.delivered().await;
        // An address that is added to an account need not be of a listed domain.
        let john = product.sign_in_of("john@doe.net", "johny").await;
        product.ask_to_add(&john, "john@unknown.example").await.expect(202);
    })
    .await;
}
