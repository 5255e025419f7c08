//! The members of a body, and the ID in a path.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, UNKNOWN_ID, endpoints_with_id, product, wrong};

const JOHN: &str = "john@doe.net";

/// Adds a header to a response that repeats it.
const INJECTION: &str = "evil\r\nSet-Cookie: evil=1\0\u{2028}\u{1f600}";

/// Returns strings that are invalid for a field.
fn invalid_strings(field: &str) -> Vec<String> {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let bad = match field {
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
            bad.extend(list(&["../../etc", "..", "ev/il", "ev\\il", "\u{ff0f}evil", "\u{435}vil"]));
            bad
        }
        "emailID" | "verificationCodeID" => {
            let mut bad =
                list(&["", " ", "evil", "5f35d2c456334b16bbf05ca22ef8ea2e", "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2"]);
            bad.extend([
                format!(" {UNKNOWN_ID}"),
                format!("{{{UNKNOWN_ID}}}"),
                format!("urn:uuid:{UNKNOWN_ID}"),
                format!("{UNKNOWN_ID}\n"),
            ]);
            bad.extend(list(&["5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2g", "CODE#5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e"]));
            bad
        }
        "code" => {
            let bad = ["", " ", "12345", "1234567890123", "12345a", "+12345", "-12345", "12 345", "123_456"];
            [
                list(&bad),
                list(&["0x1234", "1234.5", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}", "\u{ff11}23456", "evil"]),
            ]
            .concat()
        }
        other => panic!("no invalid strings for the field {other}"),
    };
    [bad, list(&[INJECTION])].concat()
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
    let is_type = !sent.is_string() && !sent.is_number() || sent.is_number() && field != "code";
    let expected = match sent {
        Value::Null => Some("missing"),
        _ if is_type => Some("type"),
        _ => None,
    };
    let code = errors[0]["code"].as_str().expect("a code");
    let of_text = |code| !["missing", "type", "taken", "reserved", "already-verified"].contains(&code);
    assert!(expected.map_or_else(|| of_text(code), |expected| code == expected), "{field}: {sent}: {code}");
    let text = format!("{:?} {}", answer.headers, answer.body);
    assert!(!text.contains("evil"), "{text}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invalid_field_is_refused_by_name_and_changes_nothing() {
    product(async |product| {
        let every_valid_request = product.every_valid_request().await;
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
                    assert_names(valid.send(product, &body).await, field, &Value::Null).refused(400, "is missing");
                    body.as_object_mut().unwrap().remove(field);
                    assert_names(valid.send(product, &body).await, field, &Value::Null).refused(400, "is missing");
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
        let ids = [
            "evil",
            "1",
            "-1",
            "null",
            "%20",
            "%00",
            "%ff",
            "..%2F..%2Fsession",
            "%2e%2e%2fsessions",
            "%7B5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e%7D",
            "5f35d2c456334b16bbf05ca22ef8ea2e",
            "5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e%0a",
            "USER%23x",
            "EMAIL%23",
            "{id}",
            "evil%0d%0aSet-Cookie:%20evil",
            "evil%00%e2%80%a8",
            &"a".repeat(5000),
        ];
        for (_, method, path) in endpoints_with_id() {
            for id in ids {
                let answer = product.call_as(&john.bearer, method.clone(), &format!("{path}{id}"), None).await;
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
              "code": "format",
              "field": "email",
              "message": "must have a domain with at least two labels, such as john@doe.net"
            },
            {
              "code": "type",
              "field": "fullName",
              "message": "must be a string"
            },
            {
              "code": "characters",
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
async fn a_code_is_a_string_or_an_integer_without_leading_zeros() {
    product(async |product| {
        // One in ten codes begins with a zero.
        for number in 0.. {
            let address = format!("{number}@doe.net");
            let (requested, code) = product.sign_up_code(&address, &format!("j{number}")).await;
            if !code.starts_with('0') {
                continue;
            }
            let short: u64 = code.parse().unwrap();
            // A string must have all six digits.
            let body = json!({"verificationCodeID": requested.id, "code": short.to_string()});
            product.call(Method::PUT, "/session/verification", body).await.refused(400, "code must be");
            let body = json!({"verificationCodeID": requested.id, "code": short});
            product.call(Method::PUT, "/session/verification", body).await.acknowledged();
            let (requested, code) = product.sign_in_code(&address).await;
            let body = json!({"verificationCodeID": requested.id, "code": format!(" {code} ")});
            product.call(Method::PUT, "/session/verification", body).await.acknowledged();
            break;
        }
    })
    .await;
}

/// A code is copied from an email, or typed as people write numbers.
#[tokio::test(flavor = "multi_thread")]
async fn blanks_and_hyphens_in_a_code_are_ignored() {
    product(async |product| {
        let forms = ["{} {}", "{}-{}", " {}\u{a0}{}\u{3000}", "{}\u{2013}{}\r\n", "-{} \u{2011} {}", "{}\u{2212}{}"];
        for (number, form) in forms.into_iter().enumerate() {
            let pasted = |code: &str| form.replacen("{}", &code[..3], 1).replacen("{}", &code[3..], 1);
            let (address, alias) = (format!("{number}@doe.net"), format!("j{number}"));
            let (requested, code) = product.sign_up_code(&address, &alias).await;
            product.verify_session(&requested.id, &pasted(&wrong(&code))).await.refused(401, "code was rejected");
            product.verify_session(&requested.id, &pasted(&code)).await.acknowledged();
            let person = product.sign_in_of(&address, &alias).await;
            let (id, code) = product.email_code(&person, &format!("{number}@work.example")).await;
            product.verify_email(&id, &pasted(&code)).await.acknowledged();
        }
    })
    .await;
}

/// An integer may be a code. A value that becomes one only by rounding or truncation is refused,
/// and costs no attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_would_have_to_be_rounded_is_not_a_code() {
    product(async |product| {
        let (requested, code) = product.sign_up_code(JOHN, "johny").await;
        let before = product.contents().await;
        let code: u64 = code.parse().expect("digits");
        let numbers = [
            format!("{code}.5"),
            format!("-{code}"),
            format!("1000000{code:0>6}"),
            format!("{}{code:0>6}", "1".repeat(400)),
            "1e400".to_owned(),
            "18446744073709551616".to_owned(),
            format!("[{code}]"),
            format!("{{\"code\":{code}}}"),
            format!("0{code}"),
            format!("+{code}"),
            "NaN".to_owned(),
        ];
        for number in numbers {
            let body = format!("{{\"verificationCodeID\":\"{}\",\"code\":{number}}}", requested.id);
            let request = product.request(Method::PUT, "/session/verification").body(body);
            let response = product.send(request.header("content-type", "application/json")).await;
            assert_eq!(response.status, 400, "{number}: {}", response.body);
        }
        product.assert_unchanged(&before).await;
        let body = json!({"verificationCodeID": requested.id, "code": code});
        product.call(Method::PUT, "/session/verification", body).await.acknowledged();
    })
    .await;
}
