//! Invalid input is refused with 400 and the name of the field, and has no effect.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, Product, product};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const UUID: &str = "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e";

/// A request with a valid body.
struct ValidRequest {
    method: Method,
    path: &'static str,
    bearer: Option<String>,
    body: Value,
}

impl ValidRequest {
    fn request(&self, product: &Product) -> reqwest::RequestBuilder {
        let request = product.request(self.method.clone(), self.path);
        if let Some(bearer) = &self.bearer { request.bearer_auth(bearer) } else { request }
    }

    async fn send(&self, product: &Product, body: &Value) -> Answer {
        product.send(self.request(product).json(body)).await
    }

    async fn send_text(&self, product: &Product, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(product).header("content-type", "application/json");
        product.send(request.body(body)).await
    }
}

/// Returns a valid request for every endpoint with a body, in an order in which all of them
/// succeed.
async fn every_valid_request(product: &Product) -> Vec<ValidRequest> {
    let john = product.sign_up(JOHN, "johny").await;
    let (sign_in, sign_in_code) = product.sign_in_code(JOHN).await;
    let (email, email_code) = product.email_code(&john, WORK).await;
    let preferred = product.email_id(&john, JOHN).await;
    let valid = |method, path, bearer: Option<&Person>, body| {
        let bearer = bearer.map(|person| person.bearer.clone());
        ValidRequest { method, path, bearer, body }
    };
    let me = Some(&john);
    vec![
        valid(Method::POST, "/user", None, json!({"email": "jane@doe.net", "fullName": "Jane", "alias": "jane"})),
        valid(Method::POST, "/session", None, json!({"email": JOHN})),
        valid(
            Method::PUT,
            "/session/verification",
            None,
            json!({"verificationCodeID": sign_in.id, "code": sign_in_code}),
        ),
        valid(Method::POST, "/email", me, json!({"address": "more@doe.net"})),
        valid(Method::POST, "/email/verification", me, json!({"address": WORK})),
        valid(Method::PUT, "/email/preferred", me, json!({"emailID": preferred})),
        valid(Method::PUT, "/email/verification", None, json!({"verificationCodeID": email, "code": email_code})),
    ]
}

/// Returns strings that are invalid for a field.
fn invalid_strings(field: &str) -> Vec<String> {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match field {
        "email" | "address" => {
            let mut bad = list(&[
                "",
                " \t\u{3000}",
                "evil",
                "evil.net",
                "evil@",
                "@doe.net",
                "evil@localhost",
                "evil@net.",
                "evil@@doe.net",
                "evil@evil.net@doe.net",
                "\"evil@evil.net\"@doe.net",
                "\"evil\"@doe.net",
                "Evil <evil@doe.net>",
                "<evil@doe.net>",
                "victim@doe.net,evil@doe.net",
                "victim@doe.net;evil@doe.net",
                "victim@doe.net evil@doe.net",
                "victim@doe.net\r\nBcc: evil@doe.net",
                "evil@doe.net\n",
                "ev\0il@doe.net",
                "ev il@doe.net",
                "evil(comment)@doe.net",
                ".evil@doe.net",
                "evil.@doe.net",
                "ev..il@doe.net",
                "\u{e9}vil@doe.net",
                "evil\u{200b}@doe.net",
                "evil\u{ff20}doe.net",
                "evil@127.0.0.1",
                "evil@[127.0.0.1]",
                "evil@[IPv6:::1]",
                "evil@-doe.net",
                "evil@doe_.net",
                "evil@doe..net",
                "evil@doe.net:25",
                "evil@ex\u{ff0e}com",
                "evil@\u{24d4}xample.com",
                "evil@exa\u{ad}mple.com",
                "evil@xn--a.de",
                "mailto:evil@doe.net",
            ]);
            bad.push(format!("{}@doe.net", "x".repeat(65)));
            bad.push(format!("evil@{}.net", "a".repeat(64)));
            let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(56)].join(".");
            assert_eq!(long.len(), 248);
            bad.push(format!("ev@{long}.net"));
            bad.push(format!("evil@{}net", "\u{f6}.".repeat(40)));
            bad
        }
        "fullName" => {
            let mut bad =
                list(&["", "  ", "\u{3000}", "evil\0", "evil\r\nBcc: evil@doe.net", "ev\nil", "ev\u{1b}[31mil"]);
            bad.extend(list(&["ev\u{85}il", "ev\u{2028}il", "ev\u{202e}il", "ev\u{2066}il", "ev\u{200f}il"]));
            bad.extend(list(&["\u{200b}", "\u{feff}evil", "\u{3164}", "x".repeat(129).as_str()]));
            bad
        }
        "alias" => {
            let mut bad =
                list(&["", " ", " evil", "evil ", "ev il", "ev\u{a0}il", "ev\til", "ev\nil", "ev\0il", "@evil"]);
            bad.extend(list(&["evil@doe.net", "evil\u{ff20}doe", "ev\u{202e}il", "ev\u{200b}il", "ev\u{200d}il"]));
            bad.extend(list(&["\u{1f600}", "\u{fb01}", "evil\u{5d3}", "\u{301}evil", "x".repeat(33).as_str()]));
            bad
        }
        "emailID" | "verificationCodeID" => {
            let mut bad =
                list(&["", " ", "evil", "5f35d2c456334b16bbf05ca22ef8ea2e", "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2"]);
            bad.extend([format!(" {UUID}"), format!("{{{UUID}}}"), format!("urn:uuid:{UUID}"), format!("{UUID}\n")]);
            bad.extend(list(&["5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2g", "CODE#5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e"]));
            bad
        }
        "code" => {
            let bad =
                ["", " ", "12345", "1234567", "12345678901", "1234567890123", "12345a", "+12345", "-12345", "123 456"];
            [
                list(&bad),
                list(&["0x1234", "1234.5", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}", "\u{ff11}23456", "evil"]),
            ]
            .concat()
        }
        other => panic!("no invalid strings for the field {other}"),
    }
}

/// Returns values of other types than string. A code may also be an integer of at most twelve
/// digits.
fn other_types(field: &str) -> Vec<Value> {
    let mut values = vec![json!(true), json!([]), json!({}), json!(["john@doe.net"]), json!({"$gt": ""}), json!(1.5)];
    let numbers = if field == "code" { json!([-1, 1_000_000_000_000_u64, 1e12]) } else { json!([0, 123_456]) };
    values.extend(numbers.as_array().unwrap().iter().cloned());
    values
}

/// Asserts that the response has one error, for this field, and does not echo the input.
fn assert_names(answer: Answer, field: &str, sent: &Value) -> Answer {
    assert_eq!(answer.status, 400, "{field}: {sent}: {}", answer.body);
    assert_eq!(answer.body["type"], "urn:latchkey:problem:invalid-input", "{field}: {sent}");
    let errors = answer.body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{field}: {sent}: {errors:?}");
    assert_eq!(errors[0]["field"], field, "{sent}");
    let text = answer.body.to_string() + answer.header("x-error").expect("x-error");
    assert!(!text.contains("evil"), "{text}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invalid_field_is_refused_by_name_and_changes_nothing() {
    product(async |product| {
        let every_valid_request = every_valid_request(product).await;
        let before = product.contents().await;
        let refusals = async {
            for valid in &every_valid_request {
                for field in valid.body.as_object().unwrap().keys() {
                    let mut body = valid.body.clone();
                    for bad in invalid_strings(field).into_iter().map(Value::String).chain(other_types(field)) {
                        body[field] = bad.clone();
                        assert_names(valid.send(product, &body).await, field, &bad);
                    }
                    body[field] = Value::Null;
                    assert_names(valid.send(product, &body).await, field, &body).refused(400, "is missing");
                    body.as_object_mut().unwrap().remove(field);
                    assert_names(valid.send(product, &body).await, field, &body).refused(400, "is missing");
                }
            }
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
        for valid in every_valid_request {
            assert_eq!(valid.send(product, &valid.body).await.status, 202, "{}", valid.path);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_a_path_that_is_not_a_uuid_is_refused_by_name() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let before = product.contents().await;
        let long = "a".repeat(5000);
        let ids = [
            "evil",
            "1",
            "-1",
            "null",
            "%20",
            "%00",
            "%ff",
            "..%2F..%2Fsession",
            "%7B5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e%7D",
        ];
        let more = [
            "5f35d2c456334b16bbf05ca22ef8ea2e",
            "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e%0a",
            "USER%23x",
            "{id}",
            long.as_str(),
        ];
        for (method, path) in [(Method::GET, "/user/id"), (Method::DELETE, "/session"), (Method::DELETE, "/email")] {
            for id in ids.into_iter().chain(more) {
                let answer = product.call_as(&john.bearer, method.clone(), &format!("{path}/{id}"), None).await;
                assert_names(answer, "id", &json!(id));
            }
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_invalid_fields_are_reported_at_once() {
    product(async |product| {
        let body = json!({"email": "john@localhost", "fullName": 7, "alias": "j\u{202e}ohn"});
        let answer = product.call(Method::POST, "/user", body).await.expect(400);
        assert_json_snapshot!(product.redacted(&answer.body), @r#"
        {
          "detail": "email must have a domain with at least two labels, such as john@doe.net; fullName must be a string; alias must contain only visible letters, digits and ASCII punctuation",
          "errors": [
            {
              "field": "email",
              "message": "must have a domain with at least two labels, such as john@doe.net"
            },
            {
              "field": "fullName",
              "message": "must be a string"
            },
            {
              "field": "alias",
              "message": "must contain only visible letters, digits and ASCII punctuation"
            }
          ],
          "instance": "[URN]",
          "status": 400,
          "title": "Invalid input",
          "type": "urn:latchkey:problem:invalid-input"
        }
        "#);
        for path in ["/session/verification", "/email/verification"] {
            let answer = product.call(Method::PUT, path, json!({})).await;
            answer.refused(400, "verificationCodeID is missing; code is missing");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_a_json_object_is_refused_and_changes_nothing() {
    product(async |product| {
        let every_valid_request = every_valid_request(product).await;
        let before = product.contents().await;
        let refusals = async {
            for valid in &every_valid_request {
                let text = valid.body.to_string();
                let (key, value) = valid.body.as_object().unwrap().iter().next().unwrap();
                let by_position: Vec<_> = valid.body.as_object().unwrap().values().collect();
                let escaped = format!("\\u{:04x}{}", u32::from(key.as_bytes()[0]), &key[1..]);
                let not_objects = [
                    "null",
                    "true",
                    "1",
                    "7-7",
                    "[]",
                    "\"{}\"",
                    "\"a\"x",
                    &json!(by_position).to_string(),
                    &json!([valid.body]).to_string(),
                ];
                for body in not_objects {
                    valid.send_text(product, body.to_owned()).await.refused(400, "a single JSON object");
                }
                for body in [
                    text.replacen('{', &format!("{{\"{key}\":{value},"), 1),
                    text.replacen('{', &format!("{{\"{escaped}\":\"evil@doe.net\","), 1),
                    text.replacen('{', "{\"other\":1,\"other\":2,", 1),
                ] {
                    valid.send_text(product, body).await.refused(400, "duplicate keys");
                }
                let not_json = [
                    "",
                    " ",
                    "{",
                    "}",
                    "evil",
                    "{'a':1}",
                    "{\"a\":1,}",
                    "{\"a\":01}",
                    "{\"a\":}",
                    "{\"a\":NaN}",
                    "{}//",
                ];
                let deep = format!("{{\"a\":{}", "[".repeat(4000));
                let twice = format!("{text} {text}");
                let marked = format!("\u{feff}{text}");
                let control = text.replacen('{', "{\"a\":\"\n\",", 1);
                for body in not_json.into_iter().chain([deep.as_str(), &twice, &marked, &control]) {
                    valid.send_text(product, body.to_owned()).await.refused(400, "not valid UTF-8 JSON");
                }
                let latin_1 = [b"{\"fullName\":\"J\xe9r\xf4me\",", &text.as_bytes()[1..]].concat();
                valid.send_text(product, latin_1).await.refused(400, "not valid UTF-8 JSON");
            }
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_accepted_only_with_the_json_content_type() {
    product(async |product| {
        let every_valid_request = every_valid_request(product).await;
        let before = product.contents().await;
        let refusals = async {
            for valid in &every_valid_request {
                // An HTML form on another site can send the first three.
                for kind in [
                    "text/plain",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data; boundary=x",
                    "text/json",
                    "application/jsonp",
                    "application/octet-stream",
                    "application/json, text/plain",
                    "text/plain; application/json",
                ] {
                    let request = valid.request(product).header("content-type", kind).body(valid.body.to_string());
                    product.send(request).await.refused(400, "Content-Type: application/json");
                }
                let undeclared = valid.request(product).body(valid.body.to_string());
                product.send(undeclared).await.refused(400, "Content-Type: application/json");
            }
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
        let kinds = [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/json ;charset=UTF-8",
        ];
        for (valid, kind) in every_valid_request.iter().zip(kinds.iter().cycle()) {
            let request = valid.request(product).header("content-type", *kind).body(valid.body.to_string());
            product.send(request).await.expect(202);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_more_than_8_kib_is_refused() {
    product(async |product| {
        let every_valid_request = every_valid_request(product).await;
        let padded = |valid: &ValidRequest, size: usize| {
            let text = valid.body.to_string();
            let rest = size - text.len() - "\"more\":\"\",".len();
            text.replacen('{', &format!("{{\"more\":\"{}\",", "x".repeat(rest)), 1)
        };
        let before = product.contents().await;
        for valid in &every_valid_request {
            for size in [8193, 1_000_000] {
                valid.send_text(product, padded(valid, size)).await.refused(400, "larger than 8 KiB");
            }
        }
        product.assert_unchanged(&before).await;
        for valid in &every_valid_request {
            valid.send_text(product, padded(valid, 8192)).await.expect(202);
        }
    })
    .await;
}
