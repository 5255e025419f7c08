//! The source of a request behind a proxy.

use reqwest::Method;
use serde_json::{Value, json, value::to_raw_value};

use crate::support::{Answer, Product, Settings, product, product_with};

const SECRET: &str = "an-example-of-a-secret-of-a-proxy";
const ATTACKER: &str = "evil@doe.net";

fn behind_proxy() -> Settings {
    Settings::parameter("TrustedProxySecret", SECRET)
}

/// Requests a sign-in with these headers. Its response has the IP address that is stored.
async fn ask(product: &Product, address: &str, headers: &[(&str, &str)]) -> Answer {
    let request = product.request(Method::POST, "/session").json(&json!({"email": address}));
    product.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// Returns the IP address that is stored for a viewer that the proxy reports.
async fn stored(product: &Product, number: usize, header: &str, viewer: &str) -> String {
    let headers = [("x-origin-verify", SECRET), (header, viewer)];
    ask(product, &format!("{number}@doe.net"), &headers).await.expect(202).text("ip")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trusted_proxy_reports_the_ip_with_or_without_a_port() {
    product_with(behind_proxy(), async |product| {
        let viewers = [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("198.51.100.7", "198.51.100.7"),
            ("2001:db8::1:4711", "2001:db8::1"),
            ("2001:0DB8:0000:0000:0000:0000:0000:0001:4711", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            // Anything else leaves the address that connected.
            ("198.51.100.7, 203.0.113.9", "127.0.0.1"),
            ("198.51.100.7:99999", "127.0.0.1"),
            ("198.51.100.7:4711:4711", "127.0.0.1"),
            ("viewer.example", "127.0.0.1"),
            ("unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ];
        for (number, (viewer, ip)) in viewers.into_iter().enumerate() {
            assert_eq!(stored(product, number, "cloudfront-viewer-address", viewer).await, ip, "{viewer}");
        }
        let twice = [("cloudfront-viewer-address", "198.51.100.7:1"), ("cloudfront-viewer-address", "203.0.113.9:1")];
        let headers = [("x-origin-verify", SECRET), twice[0], twice[1]];
        assert_eq!(ask(product, ATTACKER, &headers).await.expect(202).text("ip"), "127.0.0.1");
        assert_eq!(ask(product, ATTACKER, &headers[..1]).await.expect(202).text("ip"), "127.0.0.1");
    })
    .await;
}

/// Only `CloudFront` appends a port to an IPv6 address without brackets.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_chooses_the_header_with_the_ip() {
    product_with(behind_proxy().and("ClientIpHeader", "X-Real-IP"), async |product| {
        assert_eq!(stored(product, 1, "x-real-ip", "2001:db8::1:4711").await, "2001:db8::1:4711");
        assert_eq!(stored(product, 2, "x-real-ip", "198.51.100.7").await, "198.51.100.7");
        assert_eq!(stored(product, 3, "cloudfront-viewer-address", "198.51.100.7:4711").await, "127.0.0.1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_trusted_proxy_each_viewer_has_its_own_rate_limit() {
    product_with(behind_proxy().and("MailsPerSourceIpPerHour", "2"), async |product| {
        product.pass_to_the_middle_of_an_hour();
        let mut number = 0;
        let mut status = async |viewer: &str| {
            number += 1;
            let headers = [("x-origin-verify", SECRET), ("cloudfront-viewer-address", viewer)];
            ask(product, &format!("{number}@doe.net"), &headers).await.status
        };
        // Ports and spellings of one IPv4 address, and addresses of one IPv6 /64.
        let viewers = [
            ["198.51.100.7:1", "198.51.100.7:2", "::ffff:198.51.100.7:3"],
            ["2001:db8:1:2::1:1", "2001:DB8:1:2:ffff:ffff:ffff:ffff:1", "[2001:db8:0001:0002::3]:1"],
        ];
        for [first, second, third] in viewers {
            assert_eq!([status(first).await, status(second).await, status(third).await], [202, 202, 429], "{first}");
        }
        assert_eq!([status("198.51.100.8:1").await, status("2001:db8:1:3::1:1").await], [202, 202]);
        let items = product.items().await;
        for source in ["198.51.100.7", "2001:db8:1:2::/64"] {
            assert!(items.iter().any(|item| item.text("pk") == format!("RATE_LIMIT#{source}")), "{source}");
        }
    })
    .await;
}

/// Sends requests that claim to come from other viewers, and asserts that they share the rate limit
/// of the address that connected.
async fn assert_ignored(settings: Settings, secrets: &[&str]) {
    product_with(settings.and("MailsPerSourceIpPerHour", "3"), async |product| {
        product.pass_to_the_middle_of_an_hour();
        for (number, status) in [202, 202, 202, 429].into_iter().enumerate() {
            let viewer = format!("198.51.100.{number}:4711");
            let mut headers = vec![("cloudfront-viewer-address", viewer.as_str()), ("x-forwarded-for", &viewer)];
            headers.extend(secrets.iter().map(|secret| ("x-origin-verify", *secret)));
            let answer = ask(product, &format!("{number}@doe.net"), &headers).await.expect(status);
            assert!(status == 429 || answer.text("ip") == "127.0.0.1", "{}", answer.body);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_a_client_cannot_choose_its_source() {
    let almost = format!("{}!", &SECRET[..SECRET.len() - 1]);
    let longer = format!("{SECRET}x");
    for secrets in [&[][..], &[""], &[almost.as_str()], &[longer.as_str()], &[SECRET, SECRET], &["x", SECRET]] {
        assert_ignored(behind_proxy(), secrets).await;
    }
    // Without a trusted proxy there is no secret, and an empty one is none.
    assert_ignored(Settings::default(), &[""]).await;
    assert_ignored(Settings::default(), &[SECRET]).await;
}

/// As a REST API sends it: payload 1.0, with several values for a header.
fn rest_event(headers: &Value) -> Value {
    json!({
        "resource": "/", "path": "/", "httpMethod": "POST", "multiValueHeaders": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "httpMethod": "POST", "path": "/", "protocol": "HTTP/1.1",
            "requestId": "id", "resourceId": "id", "resourcePath": "/", "stage": "prod",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
        },
        "body": json!({"email": ATTACKER}).to_string(), "isBase64Encoded": false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_api_behind_the_trusted_proxy_reports_the_viewer() {
    product_with(behind_proxy(), async |product| {
        let viewer = "198.51.100.7:4711";
        let cases = [
            (json!([SECRET]), json!([viewer]), "198.51.100.7"),
            (json!(["x"]), json!([viewer]), "203.0.113.7"),
            (json!([SECRET, SECRET]), json!([viewer]), "203.0.113.7"),
            (json!([SECRET]), json!([viewer, "203.0.113.9:1"]), "203.0.113.7"),
        ];
        for (secret, viewers, ip) in cases {
            let event = rest_event(&json!({
                "Content-Type": ["application/json"], "X-Origin-Verify": secret, "CloudFront-Viewer-Address": viewers,
            }));
            let event = to_raw_value(&event).expect("JSON");
            let response = product.stack.invoke("create-session", &event).await.expect("a response");
            let response: Value = serde_json::from_str(response.get()).expect("JSON");
            assert_eq!(Answer::of_function(&response).expect(202).text("ip"), ip);
            product.pass(std::time::Duration::from_mins(1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bidirectional_and_invisible_characters_of_a_user_agent_are_removed() {
    product(async |product| {
        let hidden = "\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{fe0f}\u{e0041}\u{2028}";
        let agent = format!("cu{hidden}rl/\u{5d0} 8{hidden}");
        let request = product.request(Method::POST, "/session").json(&json!({"email": ATTACKER}));
        let answer = product.send(request.header("user-agent", agent.as_bytes())).await.expect(202);
        assert_eq!(answer.text("userAgent"), "curl/\u{5d0} 8");
    })
    .await;
}
