//! The foundation of the tests: a product for each test, and clients with no special powers.

mod answer;
mod codes;
/// The implementation of DynamoDB that has the functions' table.
#[cfg_attr(feature = "ministack", path = "support/ministack.rs")]
#[cfg_attr(not(feature = "ministack"), path = "support/dynoxide.rs")]
mod database;
mod email_kinds;
mod endpoints;
mod invariants;
mod jitter;
mod key_pairs;
mod logs;
pub(crate) mod markdown;
mod people;
mod proxy;
mod race;
mod raw;
mod redacted;
mod table;

use std::{collections::BTreeMap, net::IpAddr, sync::OnceLock, time::Duration};

use local::{Clock, Data, Email, Options, Stack};
use reqwest::Method;
use serde_json::Value;

pub(crate) use answer::Answer;
pub(crate) use email_kinds::EmailKind;
pub(crate) use endpoints::{UNKNOWN_ID, ValidRequest, authenticated_endpoints, endpoints_with_id};
pub(crate) use key_pairs::KeyPair;
pub(crate) use logs::{Talkative, log_lines, times_logged};
pub(crate) use people::{Person, Requested};
pub(crate) use proxy::{Call, End, Fault, Proxy, failing};
pub(crate) use race::{MANY, in_rounds, race_over, statuses, together, won};
pub(crate) use table::{Contents, Item};

/// Prints how much was tested, for runs with `--nocapture`.
#[expect(clippy::print_stdout, reason = "`--nocapture` asks for it")]
pub(crate) fn counted(what: std::fmt::Arguments<'_>) {
    println!("{what}");
}

/// The prefix of all paths in the contract.
pub(crate) const BASE: &str = "/api/auth/v2";

/// The running product of one test.
pub(crate) struct Product {
    pub(crate) stack: Stack,
    parameters: BTreeMap<String, String>,
    http: reqwest::Client,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
}

/// Runs a test on a product of its own, and checks the invariants afterwards.
pub(crate) async fn product(test: impl AsyncFnOnce(&Product)) {
    product_with(Settings::default(), test).await;
}

/// The differences between a test's product and the usual one.
#[derive(Default)]
pub(crate) struct Settings {
    /// Parameters of template.yaml.
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    /// Environment variables of the functions, which override the template's.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Environment variables of one function, as `create-user/NAME`.
    pub(crate) of_function: Vec<(String, String)>,
    /// Where the table is kept.
    pub(crate) data: Data,
    /// The clock of the product.
    pub(crate) clock: Clock,
}

impl Settings {
    pub(crate) fn parameter(name: &'static str, value: &'static str) -> Self {
        Self { parameters: vec![(name, value)], ..Self::default() }
    }

    /// Adds a parameter of template.yaml.
    pub(crate) fn and(mut self, name: &'static str, value: &'static str) -> Self {
        self.parameters.push((name, value));
        self
    }

    /// Returns settings that allow each address more emails than any test requests.
    pub(crate) fn with_mail_for_all() -> Self {
        Self::parameter("MailBurst", "100").and("MailIntervalSeconds", "0").and("MailsPerDay", "1000")
    }

    /// Returns settings with this proxy between the functions and DynamoDB.
    pub(crate) fn through(proxy: &Proxy) -> Self {
        Self { variables: vec![("AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned())], ..Self::default() }
    }
}

/// As [`product`], with other settings.
pub(crate) async fn product_with(settings: Settings, test: impl AsyncFnOnce(&Product)) {
    let product = Product::start(settings).await;
    test(&product).await;
    product.delivered().await;
    product.check_invariants().await;
    product.stack.shutdown().await;
}

impl Product {
    /// Starts a product. Most tests should use [`product`], which checks the table at the end.
    pub(crate) async fn start(settings: Settings) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let parameters: BTreeMap<_, _> = settings.parameters.into_iter().map(owned).collect();
        let variables = database::variables().into_iter().chain(settings.variables);
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let options = Options {
            parameters: parameters.clone(),
            variables: variables.chain(settings.of_function).collect(),
            data: settings.data,
            clock: settings.clock,
            ..Options::default()
        };
        logs::keep();
        let stack = Stack::start(options).await.expect("the stack starts");
        let product = Self { stack, parameters, http: reqwest::Client::new(), dynamodb: OnceLock::new() };
        database::create_table(&product).await;
        product
    }

    /// Waits until all pending emails were sent.
    pub(crate) async fn delivered(&self) {
        self.stack.delivered().await;
        database::send_pending_emails(self).await;
    }

    /// Returns the URL of the DynamoDB that has the table.
    pub(crate) fn dynamodb_url(&self) -> &str {
        database::url(&self.stack)
    }

    /// Returns a numeric parameter of template.yaml, as set or as usual.
    pub(crate) fn number(&self, name: &str, usual: usize) -> usize {
        self.parameters.get(name).map_or(usual, |value| value.parse().expect("a number"))
    }

    /// Sends a request without a bearer token.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send(self.request(method, path).json(&body)).await
    }

    /// Sends a request with a bearer token.
    pub(crate) async fn call_as(&self, bearer: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(bearer);
        self.send(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    /// Returns a request to complete. `path` is relative to [`BASE`].
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{BASE}{path}", self.stack.api_url()))
    }

    /// As [`Product::request`], from another address of this machine.
    pub(crate) fn request_from(&self, source: [u8; 4], method: Method, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().local_address(IpAddr::from(source)).build().expect("a client");
        client.request(method, format!("{}{BASE}{path}", self.stack.api_url()))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::read(request.send().await.expect("a response")).await;
        // Before the next request: emails of the same second would have no order.
        database::send_pending_emails(self).await;
        answer
    }

    /// Returns the emails to an address, oldest first, after waiting for pending ones.
    pub(crate) async fn emails_to(&self, address: &str) -> Vec<Email> {
        let to_address = |mail: &Email| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address));
        self.sent_emails().await.into_iter().filter(to_address).collect()
    }

    /// Returns all emails, oldest first, after waiting for pending ones.
    pub(crate) async fn sent_emails(&self) -> Vec<Email> {
        self.delivered().await;
        self.stack.sent_emails()
    }

    /// Returns the newest code that was emailed to an address. Codes and notices are sent by two
    /// functions, in no order.
    pub(crate) async fn newest_code(&self, address: &str) -> String {
        let received = self.emails_to(address).await;
        received.iter().rev().find_map(code_in).expect("an email with a code")
    }

    /// Advances the clock to the middle of an hour, because the rate limit of a source is per hour.
    pub(crate) fn pass_to_the_middle_of_an_hour(&self) {
        let past = u64::try_from(self.stack.clock().now().seconds().rem_euclid(3600)).expect("seconds");
        self.pass(Duration::from_secs(3600 - past + 1200));
    }

    /// Advances the clock of this product.
    pub(crate) fn pass(&self, time: Duration) {
        self.stack.clock().advance(time);
    }
}

/// Returns the name of the function that serves a route.
pub(crate) fn function(method: &str, path: &str) -> &'static str {
    registry::serving(method, path).expect("an endpoint").name
}

/// Sets a member in a copy of a JSON value; `null` removes it.
pub(crate) fn with(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = json.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    if value.is_null() {
        parent.remove(name)
    } else {
        parent.insert(name.to_owned(), value)
    };
    json
}

/// Returns the code in an email: the digits at the beginning of its subject, which can be in
/// groups.
pub(crate) fn code_in(mail: &Email) -> Option<String> {
    let is_group = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let code: String = mail.subject.split(' ').take_while(is_group).collect();
    (!code.is_empty()).then_some(code)
}

/// Returns another code of the same length.
pub(crate) fn wrong(code: &str) -> String {
    let number: u64 = code.parse().expect("digits");
    let other = (number + 1) % 10u64.pow(u32::try_from(code.len()).expect("a short code"));
    format!("{other:0>width$}", width = code.len())
}
