//! Variations of the known attacks.

use reqwest::{Method, header::SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{Letter, Product, Requested, product};

const VICTIM: &str = "victim@doe.net";
const EVIL: &str = "evil@attacker.example";
const WORK: &str = "victim@work.example";

/// Sends a sign-in with this body and these headers, and returns the status.
async fn sign_in_with(product: &Product, body: Vec<u8>, headers: &[(&str, &str)]) -> u16 {
    let mut request = product.request(Method::POST, "/session").body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    product.send(request).await.status
}

/// Two parsers could read such a body differently.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_another_encoding_is_refused() {
    product(async |product| {
        let before = product.contents().await;
        let text = json!({"email": VICTIM}).to_string();
        let little_endian: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big_endian: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        // The same body, compressed with gzip.
        let gzipped = vec![
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 205, 77, 204, 204, 81, 178, 82, 42, 203, 76, 46, 201, 204,
            117, 72, 201, 79, 213, 203, 75, 45, 81, 170, 5, 0, 243, 239, 49, 66, 26, 0, 0, 0,
        ];
        let json = ("content-type", "application/json");
        for (body, headers) in [
            (little_endian.clone(), vec![("content-type", "application/json; charset=utf-16")]),
            (big_endian.clone(), vec![("content-type", "application/json; charset=utf-16")]),
            ([vec![0xff, 0xfe], little_endian].concat(), vec![json]),
            ([vec![0xfe, 0xff], big_endian].concat(), vec![json]),
            (gzipped, vec![json, ("content-encoding", "gzip")]),
            (br#"{"email":"\ud800@doe.net"}"#.to_vec(), vec![json]),
            (br#"{"email":"\ud83dvictim@doe.net"}"#.to_vec(), vec![json]),
            (b"{\"email\":\"vict\xc0\xa9m@doe.net\"}".to_vec(), vec![json]),
        ] {
            assert_eq!(sign_in_with(product, body.clone(), &headers).await, 400, "{body:?}");
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}

/// An integer may be a code. A value that becomes one only by rounding or truncation is refused,
/// and costs no attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_would_have_to_be_rounded_is_not_a_code() {
    product(async |product| {
        let (requested, code) = product.sign_up_code(VICTIM, "victim").await;
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

/// Only the `Authorization` header carries a bearer token, and no response sets a cookie (session
/// fixation).
#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_authenticates_nothing_and_none_is_set() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let cookie =
            format!("bearer={0}; Authorization={0}; session={1}; sessionID={1}", victim.bearer, victim.session_id);
        let with_cookie = |method, path: &str| product.request(method, path).header("cookie", &cookie);
        for (method, path) in [(Method::GET, "/session"), (Method::PUT, "/session/extend"), (Method::GET, "/emails")] {
            product.send(with_cookie(method, path)).await.refused(401, "bearer");
        }
        // A client that sends an existing session ID still gets a new session.
        let fixed = json!({"email": VICTIM, "sessionID": victim.session_id, "bearer": victim.bearer});
        let response = product.send(with_cookie(Method::POST, "/session").json(&fixed)).await.expect(202);
        let requested = Requested::of(&response);
        assert!(requested.session_id != victim.session_id && requested.bearer != victim.bearer);
        let code = product.newest_code(VICTIM).await;
        let proof = json!({"verificationCodeID": requested.id, "code": code});
        let verified = product.send(with_cookie(Method::PUT, "/session/verification").json(&proof)).await;
        let checked = product.session(&requested.bearer).await.expect(200);
        assert!([&response, &verified, &checked].iter().all(|response| !response.headers.contains_key(SET_COOKIE)));
        verified.acknowledged();
    })
    .await;
}

/// The method and the path come from the request line only.
#[tokio::test(flavor = "multi_thread")]
async fn no_header_overrides_the_method_or_the_path() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let close = format!("/api/auth/v2/session/{}", victim.session_id);
        for (name, value) in [
            ("x-http-method-override", "DELETE"),
            ("x-http-method", "DELETE"),
            ("x-method-override", "DELETE"),
            ("x-original-method", "DELETE"),
            ("x-original-url", &close),
            ("x-rewrite-url", &close),
            ("x-forwarded-uri", &close),
            ("x-forwarded-prefix", &close),
        ] {
            let check = product.request(Method::GET, "/session?_method=DELETE").header(name, value);
            let response = product.send(check.bearer_auth(&victim.bearer)).await.expect(200);
            assert_eq!(response.text("sessionID"), victim.session_id, "{name}");
            let other = product.request(Method::GET, &format!("/session/{}", victim.session_id)).header(name, value);
            product.send(other.bearer_auth(&victim.bearer)).await.expect(404);
        }
        assert_eq!(product.sessions(&victim).await.len(), 1);
    })
    .await;
}

/// Some mail providers deliver these to one mailbox. Here they are different addresses, and each
/// belongs to the account that verifies it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_or_a_dot_makes_a_different_address() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        for (number, other) in ["victim+evil@doe.net", "vic.tim@doe.net", "victim+@doe.net"].into_iter().enumerate() {
            product.mailing(product.ask_to_sign_in(other), &[(Letter::NoAccount, other)]).await.expect(202);
            let evil = product.sign_up(other, &format!("evil{number}")).await;
            assert_ne!(evil.user_id, victim.user_id);
        }
        assert_eq!(product.sign_in(&victim).await.user_id, victim.user_id);
    })
    .await;
}

/// An alias that is equal after case folding and normalization is taken. Similar letters of another
/// script are different letters.
#[tokio::test(flavor = "multi_thread")]
async fn equivalent_aliases_are_taken_and_homographs_are_different() {
    product(async |product| {
        product.sign_up(VICTIM, "victim").await;
        product.sign_up("jose@doe.net", "jos\u{e9}\u{df}").await;
        for taken in
            ["VICTIM", "\u{ff56}\u{ff49}\u{ff43}\u{ff54}\u{ff49}\u{ff4d}", "JOSE\u{301}SS", "jos\u{e9}\u{1e9e}"]
        {
            let response = product.ask_to_sign_up(EVIL, taken).await.expect(400);
            assert_eq!(response.body["errors"][0]["field"], "alias", "{taken}");
        }
        // The second letter is Cyrillic.
        product.sign_up(EVIL, "v\u{456}ctim").await;
    })
    .await;
}

/// Characters with a meaning in keys have none in addresses and aliases.
#[tokio::test(flavor = "multi_thread")]
async fn text_that_looks_like_a_key_of_the_table_is_plain_text() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let (address, alias) = ("victim#address@doe.net", format!("user#{}", &victim.user_id[..8]));
        let evil = product.sign_up(address, &alias).await;
        assert_eq!(product.user(&evil.user_id).await.text("alias"), alias);
        assert_eq!(product.user(&victim.user_id).await.text("alias"), "victim");
        assert_eq!(product.emails(&evil).await[0]["address"], address);
        for id in ["USER%23x", "..%2F..%2Fuser", "EMAIL%23", "%2e%2e%2fsessions"] {
            product.delete_email(&evil, id).await.expect(400);
            product.close(&evil, id).await.expect(400);
        }
    })
    .await;
}

/// These members belong to responses, to items, or to nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn extra_members_do_not_change_how_an_address_is_added() {
    product(async |product| {
        let victim = product.sign_up(VICTIM, "victim").await;
        let evil = product.sign_up(EVIL, "evil").await;
        let body = json!({
            "address": WORK, "verified": true, "preferred": true, "emailID": victim.user_id, "userID": victim.user_id,
            "__proto__": {"verified": true}, "roles": ["admin"], "expiresAt": 4_102_444_800_u64, "tries": -100,
        });
        product.call_as(&evil.bearer, Method::POST, "/email", Some(body)).await.expect(202);
        assert_eq!(product.emails(&victim).await.len(), 1);
        let added = product.emails(&evil).await.remove(1);
        assert_eq!((&added["verified"], &added["preferred"]), (&Value::Bool(false), &Value::Bool(false)));
        assert_ne!(added["emailID"], Value::String(victim.user_id));
    })
    .await;
}

/// Both codes are pending; redeeming one voids the other.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_code_of_an_address_is_void_once_the_first_is_redeemed() {
    product(async |product| {
        let john = product.sign_up(VICTIM, "victim").await;
        let (first, first_code) = product.email_code(&john, WORK).await;
        let again = product.ask_again(&john, WORK).await.expect(202).text("verificationCodeID");
        let again_code = product.newest_code(WORK).await;
        product.verify_email(&first, &first_code).await.acknowledged();
        product.mailing(product.verify_email(&again, &again_code), &[]).await.refused(401, "code");
        assert_eq!(product.emails(&john).await.len(), 2);
    })
    .await;
}

/// An address that is deleted and added again is a new entry.
#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_deleted_address_does_not_verify_its_replacement() {
    product(async |product| {
        let john = product.sign_up(VICTIM, "victim").await;
        let (old, old_code) = product.email_code(&john, WORK).await;
        product.delete_email(&john, &product.email_id(&john, WORK).await).await.acknowledged();
        let (new, new_code) = product.email_code(&john, WORK).await;
        product.verify_email(&old, &old_code).await.refused(401, "code");
        product.verify_email_as(&john.bearer, &old, &old_code).await.refused(401, "code");
        assert_eq!(product.emails(&john).await[1]["verified"], false);
        product.verify_email(&new, &new_code).await.acknowledged();
    })
    .await;
}

/// The preferred address changes while the code is pending.
#[tokio::test(flavor = "multi_thread")]
async fn verifying_an_address_notifies_the_one_that_is_preferred_by_then() {
    product(async |product| {
        let john = product.sign_up(VICTIM, "victim").await;
        let work = product.add_email(&john, WORK).await;
        let (pending, code) = product.email_code(&john, "victim@home.example").await;
        product.prefer(&john, &work).await.acknowledged();
        let expected = &[(Letter::AddressVerified, WORK)];
        product.mailing(product.verify_email(&pending, &code), expected).await.acknowledged();
        // A pending sign-in is rejected once its address is deleted.
        let requested = Requested::of(&product.ask_to_sign_in(VICTIM).await.expect(202));
        let code = product.newest_code(VICTIM).await;
        product.delete_email(&john, &product.email_id(&john, VICTIM).await).await.acknowledged();
        product.verify_session(&requested.id, &code).await.refused(401, "code");
        product.session(&requested.bearer).await.refused(401, "bearer");
    })
    .await;
}

/// The code of an address needs no session (docs/errors.md), so it stays valid when the session
/// that requested it is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_requested_by_a_closed_session_activates_no_session() {
    product(async |product| {
        let john = product.sign_up(VICTIM, "victim").await;
        let other = product.sign_in(&john).await;
        let (pending, code) = product.email_code(&other, WORK).await;
        product.close(&john, &other.session_id).await.acknowledged();
        product.verify_email_as(&other.bearer, &pending, &code).await.refused(401, "bearer");
        product.verify_email(&pending, &code).await.acknowledged();
        product.session(&other.bearer).await.refused(401, "bearer");
    })
    .await;
}
