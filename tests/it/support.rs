//! What tests stand on: a product of their own, and clients that can do nothing that a client can't.

mod answer;
mod codes;
#[cfg(feature = "ministack")]
mod elsewhere;
mod invariants;
mod jitter;
mod letters;
mod logs;
pub(crate) mod markdown;
mod people;
mod proxy;
mod race;
mod raw;
mod redacted;
mod table;

use std::{collections::BTreeMap, net::IpAddr, sync::OnceLock, time::Duration};

use local::{Clock, Data, Mail, Options, Stack};
use reqwest::Method;
use serde_json::Value;

pub(crate) use answer::Answer;
pub(crate) use letters::Letter;
pub(crate) use logs::{Talkative, log_lines, times_logged};
pub(crate) use people::{Person, Requested};
pub(crate) use proxy::{Call, End, Fault, Proxy, failing};
pub(crate) use race::{MANY, in_rounds, race_over, statuses, together, won};
pub(crate) use table::{Contents, Item};

/// Says how much was tried, for whoever asks with `--nocapture`.
#[expect(clippy::print_stdout, reason = "it is what they ask for")]
pub(crate) fn counted(what: std::fmt::Arguments<'_>) {
    println!("{what}");
}

/// What the contract's paths begin with.
pub(crate) const BASE: &str = "/api/auth/v2";

/// The running product of one test.
pub(crate) struct Product {
    pub(crate) stack: Stack,
    parameters: BTreeMap<String, String>,
    /// The table's name, where that is not the stack's own.
    #[cfg(feature = "ministack")]
    table: String,
    http: reqwest::Client,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
}

/// Runs a test on a product of its own, then checks that everything holds that must always hold.
pub(crate) async fn product(test: impl AsyncFnOnce(&Product)) {
    product_with(Settings::default(), test).await;
}

/// How a test's product differs from the usual one.
#[derive(Default)]
pub(crate) struct Settings {
    /// Parameters of template.yaml.
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    /// Variables of the functions, over the template's.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Variables of one function alone, as `create-user/NAME`.
    pub(crate) of_function: Vec<(String, String)>,
    /// Where the table is kept.
    pub(crate) data: Data,
    /// The time in it.
    pub(crate) clock: Clock,
}

impl Settings {
    pub(crate) fn parameter(name: &'static str, value: &'static str) -> Self {
        Self { parameters: vec![(name, value)], ..Self::default() }
    }

    /// One more parameter of template.yaml.
    pub(crate) fn and(mut self, name: &'static str, value: &'static str) -> Self {
        self.parameters.push((name, value));
        self
    }

    /// Nobody is refused for the number of mails that he asked for.
    pub(crate) fn with_mail_for_all() -> Self {
        Self::parameter("MailBurst", "100").and("MailIntervalSeconds", "0").and("MailsPerDay", "1000")
    }

    /// Between the functions and DynamoDB stands this proxy.
    pub(crate) fn through(proxy: &Proxy) -> Self {
        Self { variables: vec![("AWS_ENDPOINT_URL_DYNAMODB", proxy.url().to_owned())], ..Self::default() }
    }
}

/// As [`product`], but set up differently.
pub(crate) async fn product_with(settings: Settings, test: impl AsyncFnOnce(&Product)) {
    let product = Product::start(settings).await;
    test(&product).await;
    product.delivered().await;
    product.check_invariants().await;
    product.stack.shutdown().await;
}

impl Product {
    /// Most tests are better served by [`product`], which checks the table at the end.
    pub(crate) async fn start(settings: Settings) -> Self {
        let owned = |pairs: Vec<(&str, &str)>| -> BTreeMap<_, _> {
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        #[cfg(feature = "ministack")]
        let table = uuid::Uuid::new_v4().to_string();
        let variables = settings.variables.iter().map(|(name, value)| (*name, value.as_str()));
        #[cfg(feature = "ministack")]
        let variables = [("AWS_ENDPOINT_URL_DYNAMODB", elsewhere::URL), ("TABLE_NAME", table.as_str())]
            .into_iter()
            .chain(variables);
        let variables = variables.collect();
        let parameters = owned(settings.parameters);
        let options = Options {
            parameters: parameters.clone(),
            variables: owned(variables).into_iter().chain(settings.of_function).collect(),
            data: settings.data,
            clock: settings.clock,
            ..Options::default()
        };
        logs::keep();
        let stack = Stack::start(options).await.expect("the stack starts");
        let product = Self {
            stack,
            parameters,
            #[cfg(feature = "ministack")]
            table,
            http: reqwest::Client::new(),
            dynamodb: OnceLock::new(),
        };
        #[cfg(feature = "ministack")]
        product.furnish().await;
        product
    }

    /// Waits until everything that waits to be mailed has been.
    pub(crate) async fn delivered(&self) {
        self.stack.delivered().await;
        #[cfg(feature = "ministack")]
        self.work_off_the_outbox().await;
    }

    /// Where the table is.
    #[cfg_attr(feature = "ministack", expect(clippy::unused_self, reason = "elsewhere all are in one place"))]
    pub(crate) fn dynamodb_url(&self) -> &str {
        #[cfg(feature = "ministack")]
        {
            elsewhere::URL
        }
        #[cfg(not(feature = "ministack"))]
        {
            self.stack.dynamodb_url()
        }
    }

    /// A parameter of template.yaml that is a number: as set, or what is usual.
    pub(crate) fn number(&self, name: &str, usual: usize) -> usize {
        self.parameters.get(name).map_or(usual, |value| value.parse().expect("a number"))
    }

    /// A request without a bearer.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send(self.request(method, path).json(&body)).await
    }

    /// A request with one.
    pub(crate) async fn call_as(&self, bearer: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(bearer);
        self.send(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    /// A request to be finished by hand. `path` begins after [`BASE`].
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{BASE}{path}", self.stack.api_url()))
    }

    /// As [`Product::request`], from another of this machine's addresses.
    pub(crate) fn request_from(&self, source: [u8; 4], method: Method, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().local_address(IpAddr::from(source)).build().expect("a client");
        client.request(method, format!("{}{BASE}{path}", self.stack.api_url()))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::read(request.send().await.expect("an answer")).await;
        // Before the next request, or mails of the same second would have no order.
        #[cfg(feature = "ministack")]
        self.work_off_the_outbox().await;
        answer
    }

    /// Everything that was mailed to an address, oldest first, once all that is on its way has arrived.
    pub(crate) async fn mails_to(&self, address: &str) -> Vec<Mail> {
        let to_address = |mail: &Mail| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address));
        self.mails().await.into_iter().filter(to_address).collect()
    }

    /// Everything that was mailed, oldest first, once all that is on its way has arrived.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        self.delivered().await;
        self.stack.mails()
    }

    /// The code in the newest mail to an address.
    pub(crate) async fn newest_code(&self, address: &str) -> String {
        let mails = self.mails_to(address).await;
        code_in(mails.last().expect("a mail")).expect("a code in it")
    }

    /// Lets time pass until no hour ends soon: the budget of a source is by the hour.
    pub(crate) fn pass_to_the_middle_of_an_hour(&self) {
        let past = u64::try_from(self.stack.clock().now().seconds().rem_euclid(3600)).expect("seconds");
        self.pass(Duration::from_secs(3600 - past + 1200));
    }

    /// Lets time pass, for this product.
    pub(crate) fn pass(&self, time: Duration) {
        self.stack.clock().advance(time);
    }
}

/// The code that a mail carries: the first word of its subject.
pub(crate) fn code_in(mail: &Mail) -> Option<String> {
    let word = mail.subject.split(' ').next()?;
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.to_owned())
}

/// Another code than that one, of the same length.
pub(crate) fn wrong(code: &str) -> String {
    let number: u64 = code.parse().expect("digits");
    let other = (number + 1) % 10u64.pow(u32::try_from(code.len()).expect("a short code"));
    format!("{other:0>width$}", width = code.len())
}
