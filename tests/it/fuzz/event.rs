//! Events of API Gateway, for every endpoint.

use std::cell::RefCell;

use proptest::{collection::hash_map, prelude::*, sample::select};
use serde_json::{Value, json, value::RawValue};

use super::{
    mutation::{MARKER, mutation, text, value},
    run,
};
use crate::{
    fixtures::{self, world},
    support::{Answer, Contents, Product, log_lines},
};

/// A function with its own world, which is replaced once something in it has changed.
struct Subject<'a> {
    function: &'a str,
    world: RefCell<Option<World>>,
}

struct World {
    product: Product,
    contents: Contents,
    /// The number of events until the world is replaced: some of its items expire within minutes.
    rest: u32,
}

impl World {
    async fn begin() -> Self {
        let product = Product::start(world::settings()).await;
        world::populate(&product).await;
        // Expired items would be deleted at some time, and then be reported as a change.
        product.stack.sweep().await.expect("a sweep");
        let contents = product.contents().await;
        Self { product, contents, rest: 500 }
    }

    async fn end(self) {
        self.product.stack.delivered().await;
        self.product.check_invariants().await;
        self.product.stack.shutdown().await;
    }
}

impl<'a> Subject<'a> {
    fn route(&self) -> registry::Route {
        registry::find(self.function).and_then(|function| function.endpoint).expect("an endpoint")
    }

    /// Invokes the function and checks its response against the contract.
    async fn invoke(&self, event: &str) {
        let event = RawValue::from_string(event.to_owned()).expect("JSON");
        let world = self.world.take();
        let World { product, contents, rest } = if let Some(world) = world { world } else { World::begin().await };
        let returned = product.stack.invoke(self.function, &event).await.expect("a response");
        let answer = Answer::of_function(&serde_json::from_str(returned.get()).expect("JSON"));
        // The status depends on the method that an event claims. API Gateway never claims a wrong
        // one.
        let is_write = self.route().method != "GET" && answer.status < 300;
        match answer.status {
            _ if is_write => {}
            200 | 202 | 400..=499 => product.assert_unchanged_but_counters(&contents).await,
            status => panic!("{status}: {}", answer.body),
        }
        let world = World { product, contents, rest: rest - 1 };
        if is_write || world.rest == 0 {
            world.end().await;
        } else {
            self.world.replace(Some(world));
        }
    }

    /// Runs the function with mutated events of `events/`, and with generated events.
    async fn fuzz(function: &'a str) {
        let subject = Self { function, world: RefCell::new(None) };
        let cases = fixtures::of(function).iter().map(|(case, _)| fixtures::read(function, case));
        let events: Vec<Value> = cases.map(|event| serde_json::from_str(&event).expect("JSON")).collect();
        let mutated = (select(events), mutation()).prop_map(|(event, mutation)| mutation.of(&event));
        let strategy = prop_oneof![4 => mutated, 1 => generated()];
        run(&strategy, async |event| subject.invoke(&event).await);
        for line in log_lines().iter().filter(|line| line.contains(" shared::") || line.contains(function)) {
            assert!(!line.contains(MARKER) && !line.contains("JohnJohn"), "{line}");
        }
        if let Some(world) = subject.world.take() {
            world.end().await;
        }
    }
}

/// Generates an event as API Gateway could send it, with any content in its members; of either
/// payload format, of both, or of neither.
fn generated() -> impl Strategy<Value = String> {
    let names = "[a-zA-Z-]{1,12}|authorization|content-type|Content-Type|host|x-forwarded-for|user-agent";
    let headers = hash_map(names, prop_oneof![text(), Just("application/json".to_owned())], 0..5);
    let fields = "email|address|alias|fullName|code|emailID|verificationCodeID|kind";
    let form = hash_map(fields, prop_oneof![2 => text().prop_map(Value::from), 1 => value()], 0..4);
    let body = prop_oneof![text(), form.prop_map(|form| json!(form).to_string())];
    let parts = (text(), text(), headers, prop::option::of(body), any::<bool>());
    let ip = prop_oneof![3 => Just("203.0.113.7".to_owned()), 1 => text()];
    (parts, ip, text(), select(&["GET", "PUT", "x y", ""][..])).prop_map(
        |((path, query, headers, body, encoded), ip, id, method)| {
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
                "multiValueHeaders": {}, "resource": path, "path": path, "httpMethod": method,
                "requestContext": {
                    "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": ip, "userAgent": query},
                    "identity": {"sourceIp": ip}, "timeEpoch": 0, "stage": "$default", "httpMethod": method,
                },
                "pathParameters": {"id": id}, "body": body, "isBase64Encoded": encoded,
            })
            .to_string()
        },
    )
}

macro_rules! test_each {
    ($($endpoint:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $endpoint() {
                Subject::fuzz(&stringify!($endpoint).replace('_', "-")).await;
            }
        )*
    };
}

registry::for_each_endpoint!(test_each);
