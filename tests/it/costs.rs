//! docs/costs.md: what the product consumes, measured, and what that comes to.

mod meter;

use std::collections::BTreeMap;

use crate::{
    support::{Product, Requested, markdown, product_with},
    template::Template,
};
use meter::{Meter, Units};

const PAGE: &str = include_str!("../../docs/costs.md");

/// List prices in dollars per million, as the page has them. Of Lambda, one invocation of 20 ms with 256 MB.
const READ_UNIT: f64 = 0.125;
const WRITE_UNIT: f64 = 0.625;
const API_REQUEST: f64 = 1.0;
const INVOCATION: f64 = 0.20 + 0.02 * 0.25 * 13.3334;
const MAIL: f64 = 100.0;
/// A gigabyte of logs is $0.50.
const LOGS_OF_A_LINE: f64 = 1.0 * 0.50;
const LOGS_OF_AN_INVOCATION: f64 = 0.75 * 0.50;

/// Something that somebody does, and what it took.
#[derive(Clone, Default)]
struct Act {
    requests: usize,
    invocations: usize,
    units: Units,
    mails: usize,
}

impl Act {
    fn and(&self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            invocations: self.invocations + other.invocations,
            units: self.units + other.units,
            mails: self.mails + other.mails,
        }
    }

    /// As a row of the page: the units, the mails, and dollars per million.
    fn row(&self, name: &str) -> Vec<String> {
        let [requests, invocations, mails] =
            [self.requests, self.invocations, self.mails].map(|count| f64::from(u32::try_from(count).expect("a few")));
        let prices = [
            self.units.read * READ_UNIT + self.units.write * WRITE_UNIT,
            invocations * INVOCATION,
            requests * API_REQUEST,
            (requests + mails) * LOGS_OF_A_LINE + invocations * LOGS_OF_AN_INVOCATION,
            mails * MAIL,
        ];
        let counts = [self.units.read, self.units.write, mails].map(|count| count.to_string());
        let total: f64 = prices.iter().sum();
        let prices = prices.into_iter().chain([total]).map(|price| format!("{price:.2}"));
        [name.to_owned()].into_iter().chain(counts).chain(prices).collect()
    }
}

/// The acts so far, by name.
struct Ledger<'a> {
    product: &'a Product,
    meter: &'a Meter,
    acts: BTreeMap<&'static str, Act>,
}

impl Ledger<'_> {
    /// Notes one request to that function, and the mails it leads to. Each is mailed in a batch of its own, which costs the most.
    async fn note(&mut self, name: &'static str, function: &str, request: impl Future) {
        self.meter.read(self.product).await;
        let before = self.product.mails().await.len();
        request.await;
        let consumed = self.meter.read(self.product).await;
        let mails = self.product.mails().await.len() - before;
        assert!(consumed.contains_key(function), "{name}: {consumed:?}");
        for other in consumed.keys().filter(|other| *other != function) {
            assert_eq!(other, "send-mail", "{name}");
        }
        let units = consumed.into_values().fold(Units::default(), |sum, units| sum + units);
        self.acts.insert(name, Act { requests: 1, invocations: 1 + mails, units, mails });
    }
}

/// Everything that a user can do, once, as it goes well.
async fn measured(product: &Product, meter: &Meter) -> BTreeMap<&'static str, Act> {
    let mut ledger = Ledger { product, meter, acts: BTreeMap::new() };
    let mut requested = None;
    let ask = async { requested = Some(Requested::of(&product.ask_to_sign_up("john@doe.net", "johny").await)) };
    ledger.note("sign-up: the request", "create-user", ask).await;
    let (id, code) = (requested.expect("an answer").id, product.newest_code("john@doe.net").await);
    ledger.note("sign-up: the code", "verify-session", product.verify_session(&id, &code)).await;

    let mut requested = None;
    let ask = async { requested = Some(Requested::of(&product.ask_to_sign_in("john@doe.net").await)) };
    ledger.note("sign-in: the request", "create-session", ask).await;
    let requested = requested.expect("an answer");
    let code = product.newest_code("john@doe.net").await;
    ledger.note("sign-in: the code", "verify-session", product.verify_session(&requested.id, &code)).await;

    let john = product.sign_up("another@doe.net", "another").await;
    ledger.note("session: check", "check-session", product.session(&john.bearer)).await;
    ledger.note("session: extend", "extend-session", product.extend(&john.bearer)).await;
    ledger.note("sessions: list", "list-sessions", product.sessions(&john)).await;
    ledger.note("user: get", "get-user", product.user(&john.user_id)).await;

    let ask = async { product.ask_to_add(&john, "john@example.com").await.expect(202) };
    ledger.note("address: add", "create-email", ask).await;
    let ask = async { product.ask_again(&john, "john@example.com").await.expect(202) };
    ledger.note("address: another code", "resend-email-code", ask).await;
    let (id, code) = product.email_code(&john, "john@example.com").await;
    ledger.note("address: the code", "verify-email", product.verify_email(&id, &code)).await;
    ledger.note("addresses: list", "list-emails", product.emails(&john)).await;
    let email = product.email_id(&john, "john@example.com").await;
    ledger.note("address: prefer", "prefer-email", product.prefer(&john, &email)).await;
    let email = product.email_id(&john, "another@doe.net").await;
    ledger.note("address: delete", "delete-email", product.delete_email(&john, &email)).await;
    ledger.note("session: close", "close-session", product.close(&john, &john.session_id)).await;
    ledger.acts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_what_the_product_consumes_and_costs() {
    let template = Template::read();
    let functions: Vec<_> = template.functions().iter().map(|function| function.name).collect();
    let meter = Meter::start().await;
    // As deployed, a source has a budget, which is counted by the hour.
    product_with(meter.settings(&functions).and("MailsPerSourceIpPerHour", "60"), async |product| {
        meter.lead_to(product);
        product.pass_to_the_middle_of_an_hour();
        let acts = measured(product, &meter).await;
        let signing = |how: &str| {
            let part = |part: &str| &acts[format!("{how}: {part}").as_str()];
            part("the request").and(part("the code"))
        };
        let whole = [("sign-up", signing("sign-up")), ("sign-in", signing("sign-in"))];
        let whole = whole.iter().map(|(name, act)| (*name, act)).chain([("session: check", &acts["session: check"])]);
        for (heading, rows) in [
            ("## Per million operations", whole.map(|(name, act)| act.row(name)).collect::<Vec<_>>()),
            ("## Per million requests", acts.iter().map(|(name, act)| act.row(name)).collect()),
        ] {
            let lines: Vec<_> = rows.iter().map(|cells| format!("| {} |", cells.join(" | "))).collect();
            let page = markdown::table(markdown::section(PAGE, heading), "| operation |");
            assert_eq!(page, rows, "{heading}: docs/costs.md is to have these rows:\n{}", lines.join("\n"));
        }
    })
    .await;
}
