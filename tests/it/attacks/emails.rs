//! Abuse of emails: too many of them, sent to the wrong people, or with text from an attacker.

use std::time::Duration;

use local::Email;
use reqwest::Method;
use serde_json::json;

use crate::support::{Product, product, race_over};

const VICTIM: &str = "victim@doe.net";

/// The attack uses five sources and every endpoint that sends emails, for a whole day.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_20_emails_a_day_and_others_are_unaffected() {
    product(async |product| {
        let attacker = product.sign_up("evil@attacker.example", "evil").await;
        for hour in 0..23_u8 {
            if hour % 7 == 0 {
                product.extend(&attacker.bearer).await.expect(202);
            }
            let post = |path| product.request(Method::POST, path);
            let sign_up = json!({"email": VICTIM, "fullName": "Evil", "alias": format!("evil{hour}")});
            let bombs = vec![
                post("/session").json(&json!({"email": VICTIM})),
                post("/session").json(&json!({"email": " VICTIM@DOE.net"})),
                post("/user").json(&sign_up),
                post("/email").bearer_auth(&attacker.bearer).json(&json!({"address": VICTIM})),
                post("/email/verification").bearer_auth(&attacker.bearer).json(&json!({"address": "Victim@doe.net"})),
            ];
            let sources = (1..=5).map(|source| [127, 1, hour, source]);
            race_over(product.connections_from(sources).await, bombs).await;
            // An email that is still pending an hour later would be dropped, and not counted here.
            product.stack.delivered().await;
            product.pass(Duration::from_hours(1));
        }
        assert_eq!(product.emails_to(VICTIM).await.len(), 20);
        product.sign_up("jane@doe.net", "jane").await;
        // The next day, the victim receives emails again.
        product.pass(Duration::from_hours(24));
        product.sign_up(VICTIM, "victim").await;
    })
    .await;
}

/// Everything in an email except the addresses and the time.
fn texts(email: &Email) -> String {
    format!("{} {} {} {:?} {:?}", email.subject, email.text, email.html, email.headers, email.reply_to)
}

/// Signs the victim up, adds an address and signs in, with text from the attacker in every field.
async fn emails_from(product: &Product, name: &str, alias: &str, agent: &str) -> Vec<Email> {
    let request = |path| product.request(Method::POST, path).header("user-agent", agent);
    let body = json!({"email": VICTIM, "fullName": name, "alias": alias});
    let response = product.send(request("/user").json(&body)).await.expect(202);
    let code = product.newest_code(VICTIM).await;
    product.verify_session(&response.text("verificationCodeID"), &code).await.acknowledged();
    let bearer = response.text("bearer");
    let address = json!({"address": "other@doe.net"});
    let added = product.send(request("/email").bearer_auth(&bearer).json(&address)).await.expect(202);
    let proof = json!({"verificationCodeID": added.text("verificationCodeID"), "code": product.newest_code("other@doe.net").await});
    let verify = product.request(Method::PUT, "/email/verification").header("user-agent", agent).json(&proof);
    product.send(verify).await.acknowledged();
    product.send(request("/session").json(&json!({"email": VICTIM}))).await.expect(202);
    product.send(request("/session").json(&json!({"email": "other@doe.net"}))).await.expect(202);
    product.send(request("/session").json(&json!({"email": "stranger@doe.net"}))).await.expect(202);
    let emails = product.sent_emails().await;
    assert_eq!(emails.len(), 6, "{emails:?}");
    emails
}

/// The attacker tries markup, links, promises and fake codes.
#[tokio::test(flavor = "multi_thread")]
async fn no_email_contains_text_from_an_attacker() {
    let name = "<a href=\"https://evil.example\">Claim 482913 evil dollars</a>";
    let agents = [
        "<script>evil()</script>",
        "evil.example/482913",
        "https://evil.example/claim",
        "Mozilla/5.0 (evil; visit https://evil.example) Firefox/evil",
        "Your-account-was-hacked-call-0800-evil-now/1.0",
    ];
    for agent in agents {
        product(async |product| {
            for email in emails_from(product, name, "evil.example", agent).await {
                let texts = texts(&email).to_lowercase();
                assert!(!texts.contains("evil") && !texts.contains("<script"), "{agent}: {texts}");
                assert!(!texts.contains("http"), "an email contains a link: {texts}");
            }
        })
        .await;
    }
}

/// Line breaks are refused (see `input`), and encoded ones are not decoded.
#[tokio::test(flavor = "multi_thread")]
async fn text_from_an_attacker_changes_no_header_of_an_email() {
    product(async |product| {
        let encoded = "=?utf-8?q?=0D=0ABcc:_evil@attacker.example?=";
        let emails = emails_from(product, encoded, "=?utf-8?b?DQpCY2M6?=", encoded).await;
        for email in &emails {
            assert_eq!(email.to.len(), 1, "{email:?}");
            assert!([VICTIM, "other@doe.net", "stranger@doe.net"].contains(&email.to[0].as_str()), "{email:?}");
            let names: Vec<_> = email.headers.keys().map(String::as_str).collect();
            assert_eq!(names, ["Auto-Submitted", "X-Auto-Response-Suppress"]);
            let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            assert!(email.subject.bytes().all(is_plain) && !email.subject.contains("=?"), "{}", email.subject);
            assert_eq!(email.from, emails[0].from);
        }
    })
    .await;
}

/// An email shows where its request came from, so that a victim can recognize a code that someone
/// else requested and asks for.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_shows_the_ip_and_the_user_agent_of_its_request() {
    product(async |product| {
        let body = json!({"email": VICTIM, "fullName": "John Doe", "alias": "johny"});
        let request = product.request_from([127, 0, 6, 66], Method::POST, "/user").json(&body);
        let spoofed = request.header("x-forwarded-for", "203.0.113.9").header("user-agent", "curl/8.5.0");
        product.send(spoofed).await.expect(202);
        let email = product.emails_to(VICTIM).await.remove(0);
        for text in [&email.text, &email.html] {
            assert!(text.contains("127.0.6.66") && text.contains("curl") && !text.contains("8.5.0"), "{text}");
            assert!(!text.contains("203.0.113.9"), "{text}");
        }
    })
    .await;
}
