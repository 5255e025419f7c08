//! The body as a whole: its format, encoding, size and content type.

use reqwest::Method;
use serde_json::json;

use crate::support::{Product, ValidRequest, product};

const JOHN: &str = "john@doe.net";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_a_json_object_is_refused_and_changes_nothing() {
    product(async |product| {
        let every_valid_request = product.every_valid_request().await;
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
        let every_valid_request = product.every_valid_request().await;
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
        let every_valid_request = product.every_valid_request().await;
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

/// Sends a body as the JSON of a sign-in, and asserts that it is refused.
async fn assert_refused(product: &Product, body: Vec<u8>, headers: &[(&str, &str)]) {
    let request = product.request(Method::POST, "/session").body(body.clone());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = product.send(request).await;
    assert_eq!(answer.status, 400, "{}: {}", String::from_utf8_lossy(&body), answer.body);
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// Two parsers could read such a body differently. A compressed body is never decompressed, because
/// its size is unknown until then.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_another_encoding_is_refused() {
    product(async |product| {
        let before = product.contents().await;
        let text = json!({"email": "victim@doe.net"}).to_string();
        let little_endian: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big_endian: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        // The same body, compressed with gzip.
        let gzipped = vec![
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 205, 77, 204, 204, 81, 178, 82, 42, 203, 76, 46, 201, 204,
            117, 72, 201, 79, 213, 203, 75, 45, 81, 170, 5, 0, 243, 239, 49, 66, 26, 0, 0, 0,
        ];
        let utf_16 = ("content-type", "application/json; charset=utf-16");
        let refusals = async {
            for (body, headers) in [
                (little_endian.clone(), vec![utf_16]),
                (big_endian.clone(), vec![utf_16]),
                ([vec![0xff, 0xfe], little_endian].concat(), vec![JSON]),
                ([vec![0xfe, 0xff], big_endian].concat(), vec![JSON]),
                (gzipped, vec![JSON, ("content-encoding", "gzip")]),
                (br#"{"email":"\ud800@doe.net"}"#.to_vec(), vec![JSON]),
                (br#"{"email":"\ud83dvictim@doe.net"}"#.to_vec(), vec![JSON]),
                (b"{\"email\":\"vict\xc0\xa9m@doe.net\"}".to_vec(), vec![JSON]),
            ] {
                assert_refused(product, body, &headers).await;
            }
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
    })
    .await;
}

/// Such bodies are cheap to send and costly to parse.
#[tokio::test(flavor = "multi_thread")]
async fn deep_and_huge_values_are_refused() {
    product(async |product| {
        let deep = |open: &str, close: &str| format!("{{\"email\":{}{}}}", open.repeat(1500), close.repeat(1500));
        let bodies = [
            deep("[", "]"),
            deep("{\"a\":", "}"),
            format!("{{\"email\":{}}}", "9".repeat(8000)),
            "{\"email\":1e999}".to_owned(),
            format!("{{{}\"email\":\"victim@doe.net\"", " ".repeat(8000)),
        ];
        let refusals = async {
            for body in bodies {
                assert_refused(product, body.into_bytes(), &[JSON]).await;
            }
        };
        product.mailing(refusals, &[]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_parameters_and_bodies_are_ignored() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, "john@work.example").await;
        let body = json!({"email": JOHN, "more": [{"email": "jane@doe.net"}], "Email": 7, "": null});
        product.call(Method::POST, "/session", body).await.expect(202);
        // These endpoints take no body.
        for (method, path) in [
            (Method::GET, format!("/user/id/{}", john.user_id)),
            (Method::GET, "/session".to_owned()),
            (Method::GET, "/sessions".to_owned()),
            (Method::GET, "/emails".to_owned()),
            (Method::GET, "/user".to_owned()),
            (Method::PUT, "/session/extend".to_owned()),
            (Method::DELETE, format!("/email/{work}")),
            (Method::DELETE, format!("/session/{}", john.session_id)),
        ] {
            let status = if method == Method::GET { 200 } else { 202 };
            let request = product.request(method, &format!("{path}?sessionID=7&x")).header("accept", "text/html");
            product.send(request.bearer_auth(&john.bearer).body("no JSON")).await.expect(status);
        }
    })
    .await;
}
