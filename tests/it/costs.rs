//! Compares docs/costs.md with the measured consumption of the product, and with its price.

mod meter;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::{
    support::{KeyPair, Product, Requested, markdown, product_with},
    template::{SENDERS, Template},
};
use meter::{Meter, Units};

const PAGE: &str = include_str!("../../docs/costs.md");

/// List prices in dollars per million, as in docs/costs.md. A Lambda invocation is assumed to take
/// 20 ms with 256 MB.
const READ_UNIT: f64 = 0.125;
const WRITE_UNIT: f64 = 0.625;
const API_REQUEST: f64 = 1.0;
const INVOCATION: f64 = 0.20 + 0.02 * 0.25 * 13.3334;
const EMAIL: f64 = 100.0;
/// A gigabyte of logs costs $0.50.
const LOGS_PER_LINE: f64 = 1.0 * 0.50;
const LOGS_PER_INVOCATION: f64 = 0.75 * 0.50;

/// What one or more requests of a user consumed.
#[derive(Clone, Default)]
struct Usage {
    requests: usize,
    invocations: usize,
    units: Units,
    emails: usize,
}

impl Usage {
    fn and(&self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            invocations: self.invocations + other.invocations,
            units: self.units + other.units,
            emails: self.emails + other.emails,
        }
    }

    /// Formats a row of the page: the units, the emails, and dollars per million.
    fn row(&self, name: &str) -> Vec<String> {
        let [requests, invocations, emails] =
            [self.requests, self.invocations, self.emails].map(|count| f64::from(u32::try_from(count).expect("a few")));
        let prices = [
            self.units.read * READ_UNIT + self.units.write * WRITE_UNIT,
            invocations * INVOCATION,
            requests * API_REQUEST,
            (requests + emails) * LOGS_PER_LINE + invocations * LOGS_PER_INVOCATION,
            emails * EMAIL,
        ];
        let counts = [self.units.read, self.units.write, emails].map(|count| count.to_string());
        let total: f64 = prices.iter().sum();
        let prices = prices.into_iter().chain([total]).map(|price| format!("{price:.2}"));
        [name.to_owned()].into_iter().chain(counts).chain(prices).collect()
    }
}

/// The usages measured so far, by name.
struct Ledger<'a> {
    product: &'a Product,
    meter: &'a Meter,
    usages: BTreeMap<&'static str, Usage>,
    functions: BTreeSet<String>,
}

impl Ledger<'_> {
    /// Measures one request, and the emails that it causes. Each email is sent in its own batch,
    /// which is the most expensive case.
    async fn measure(&mut self, name: &'static str, request: impl Future) {
        self.meter.read(self.product).await;
        let before = self.product.sent_emails().await.len();
        request.await;
        let consumed = self.meter.read(self.product).await;
        let emails = self.product.sent_emails().await.len() - before;
        let mut functions = consumed.keys().filter(|function| !SENDERS.contains(&function.as_str()));
        let (Some(function), None) = (functions.next(), functions.next()) else { panic!("{name}: {consumed:?}") };
        // These two differ from the invocation in the registry: a sign-up writes other items than a
        // sign-in, and a code without a bearer token needs no session.
        if !["sign-up: the code", "address: the code", "key pair: the code"].contains(&name) {
            let cost = registry::find(function).expect("a function").cost;
            let registered = Units { read: cost.read_units, write: cost.write_units };
            assert_eq!(consumed[function], registered, "{name}");
        }
        self.functions.insert(function.clone());
        let units = consumed.into_values().fold(Units::default(), |sum, units| sum + units);
        self.usages.insert(name, Usage { requests: 1, invocations: 1 + emails, units, emails });
    }
}

/// Makes every request that a user can make once, successfully.
async fn measured(product: &Product, meter: &Meter) -> BTreeMap<&'static str, Usage> {
    let mut ledger = Ledger { product, meter, usages: BTreeMap::new(), functions: BTreeSet::new() };
    let mut requested = None;
    let ask = async { requested = Some(Requested::of(&product.ask_to_sign_up("john@doe.net", "johny").await)) };
    ledger.measure("sign-up: the request", ask).await;
    let (id, code) = (requested.expect("a response").id, product.newest_code("john@doe.net").await);
    ledger.measure("sign-up: the code", product.verify_session(&id, &code)).await;

    let mut requested = None;
    let ask = async { requested = Some(Requested::of(&product.ask_to_sign_in("john@doe.net").await)) };
    ledger.measure("sign-in: the request", ask).await;
    let requested = requested.expect("a response");
    let code = product.newest_code("john@doe.net").await;
    ledger.measure("sign-in: the code", product.verify_session(&requested.id, &code)).await;

    let john = product.sign_up("another@doe.net", "another").await;
    ledger.measure("session: check", product.session(&john.bearer)).await;
    ledger.measure("session: extend", product.extend(&john.bearer)).await;
    ledger.measure("sessions: list", product.sessions(&john)).await;
    ledger.measure("addresses: list", product.emails(&john)).await;
    let ask = async { product.ask_to_reauthenticate(&john.bearer).await.expect(202) };
    ledger.measure("session: reauthenticate", ask).await;
    ledger.measure("user: get", product.user(&john.user_id)).await;
    ledger.measure("account: get", product.account(&john)).await;
    ledger.measure("account: change", product.update_user(&john, json!({"alias": "changed"}))).await;

    let ask = async { product.ask_to_add(&john, "john@example.com").await.expect(202) };
    ledger.measure("address: add", ask).await;
    let ask = async { product.ask_again(&john, "john@example.com").await.expect(202) };
    ledger.measure("address: another code", ask).await;
    let (id, code) = product.email_code(&john, "john@example.com").await;
    ledger.measure("address: the code", product.verify_email(&id, &code)).await;
    let mut created = None;
    let ask = async { created = Some(KeyPair::of(&product.ask_for_key_pair(&john, "Nightly backup").await)) };
    ledger.measure("key pair: create", ask).await;
    let (created, code) = (created.expect("a response"), product.newest_code("another@doe.net").await);
    ledger.measure("key pair: the code", product.verify_key_pair(&created.code_id, &code)).await;
    ledger.measure("key pair: check", product.check_key_pair(&created)).await;
    ledger.measure("key pairs: list", product.key_pairs(&john)).await;
    ledger.measure("key pair: delete", product.delete_key_pair(&john, &created.id)).await;
    let email = product.email_id(&john, "john@example.com").await;
    ledger.measure("address: prefer", product.prefer(&john, &email)).await;
    let email = product.email_id(&john, "another@doe.net").await;
    ledger.measure("address: delete", product.delete_email(&john, &email)).await;
    ledger.measure("session: close", product.close(&john, &john.session_id)).await;
    let jane = product.sign_up("jane@doe.net", "jane").await;
    ledger.measure("sessions: close", product.close_all(&jane, "")).await;
    let jane = product.sign_in(&jane).await;
    ledger.measure("account: delete", product.delete_user(&jane)).await;
    let endpoints = registry::endpoints().filter(|(function, _)| !function.cost.calls.is_empty());
    assert!(endpoints.map(|(function, _)| function.name).eq(ledger.functions));
    ledger.usages
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_lists_what_each_request_consumes_and_costs() {
    let template = Template::read();
    let functions: Vec<_> = template.functions().iter().map(|function| function.name).collect();
    let meter = Meter::start().await;
    // As deployed, each source IP address has a quota of emails per hour.
    product_with(meter.settings(&functions).and("MailsPerSourceIpPerHour", "60"), async |product| {
        meter.lead_to(product);
        product.pass_to_the_middle_of_an_hour();
        let usages = measured(product, &meter).await;
        let both_requests = |how: &str| {
            let part = |part: &str| &usages[format!("{how}: {part}").as_str()];
            part("the request").and(part("the code"))
        };
        let complete = [("sign-up", both_requests("sign-up")), ("sign-in", both_requests("sign-in"))];
        let complete =
            complete.iter().map(|(name, usage)| (*name, usage)).chain([("session: check", &usages["session: check"])]);
        for (heading, rows) in [
            ("## Per million operations", complete.map(|(name, usage)| usage.row(name)).collect::<Vec<_>>()),
            ("## Per million requests", usages.iter().map(|(name, usage)| usage.row(name)).collect()),
        ] {
            let lines: Vec<_> = rows.iter().map(|cells| format!("| {} |", cells.join(" | "))).collect();
            let page = markdown::table(markdown::section(PAGE, heading), "| operation |");
            assert_eq!(page, rows, "{heading}: docs/costs.md must have these rows:\n{}", lines.join("\n"));
        }
    })
    .await;
}
