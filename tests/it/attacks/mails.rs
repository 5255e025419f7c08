//! Mails as a weapon: too many of them, to the wrong people, or with an attacker's words in them.

use std::time::Duration;

use local::Mail;
use reqwest::Method;
use serde_json::json;

use crate::support::{Product, product, race_over};

const VICTIM: &str = "victim@doe.net";

/// Attack 47. From everywhere, through every endpoint that mails, for a whole day.
#[tokio::test(flavor = "multi_thread")]
async fn a_victim_of_mail_bombing_gets_twenty_mails_a_day_and_others_theirs() {
    product(async |product| {
        let attacker = product.sign_up("evil@attacker.example", "evil").await;
        for hour in 0..23_u8 {
            if hour % 7 == 0 {
                product.extend(&attacker.bearer).await.acknowledged();
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
            // Mail that an hour has overtaken would not be sent, and not be counted here.
            product.stack.delivered().await;
            product.pass(Duration::from_hours(1));
        }
        assert_eq!(product.mails_to(VICTIM).await.len(), 20);
        product.sign_up("jane@doe.net", "jane").await;
        // The next day, the victim has his mails again.
        product.pass(Duration::from_hours(24));
        product.sign_up(VICTIM, "victim").await;
    })
    .await;
}

/// Everything of a mail but the addresses and the time.
fn texts(mail: &Mail) -> String {
    format!("{} {} {} {:?} {:?}", mail.subject, mail.text, mail.html, mail.headers, mail.reply_to)
}

/// Signs the victim up, adds an address and signs him in, each time as somebody with something to say.
async fn mails_from(product: &Product, name: &str, alias: &str, agent: &str) -> Vec<Mail> {
    let request = |path| product.request(Method::POST, path).header("user-agent", agent);
    let body = json!({"email": VICTIM, "fullName": name, "alias": alias});
    let answer = product.send(request("/user").json(&body)).await.expect(202);
    let code = product.newest_code(VICTIM).await;
    product.verify_session(&answer.text("verificationCodeID"), &code).await.acknowledged();
    let bearer = answer.text("bearer");
    let address = json!({"address": "other@doe.net"});
    let added = product.send(request("/email").bearer_auth(&bearer).json(&address)).await.expect(202);
    let proof = json!({"verificationCodeID": added.text("verificationCodeID"), "code": product.newest_code("other@doe.net").await});
    let verify = product.request(Method::PUT, "/email/verification").header("user-agent", agent).json(&proof);
    product.send(verify).await.acknowledged();
    product.send(request("/session").json(&json!({"email": VICTIM}))).await.expect(202);
    product.send(request("/session").json(&json!({"email": "other@doe.net"}))).await.expect(202);
    product.send(request("/session").json(&json!({"email": "stranger@doe.net"}))).await.expect(202);
    let mails = product.mails().await;
    assert_eq!(mails.len(), 6, "{mails:?}");
    mails
}

/// Attack 43, and the words of others: markup, links, promises and codes of the attacker's own.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_an_attacker_types_stands_in_a_mail() {
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
            for mail in mails_from(product, name, "http://evil.example", agent).await {
                let texts = texts(&mail).to_lowercase();
                assert!(!texts.contains("evil") && !texts.contains("<script"), "{agent}: {texts}");
                assert!(!texts.contains("http"), "a link: {texts}");
            }
        })
        .await;
    }
}

/// Attack 42. What could break a line is refused (`input`), what could be decoded to it stays text.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_attacker_types_moves_no_header_of_a_mail() {
    product(async |product| {
        let encoded = "=?utf-8?q?=0D=0ABcc:_evil@attacker.example?=";
        let mails = mails_from(product, encoded, "=?utf-8?b?DQpCY2M6?=", encoded).await;
        for mail in &mails {
            assert_eq!(mail.to.len(), 1, "{mail:?}");
            assert!([VICTIM, "other@doe.net", "stranger@doe.net"].contains(&mail.to[0].as_str()), "{mail:?}");
            let names: Vec<_> = mail.headers.keys().map(String::as_str).collect();
            assert_eq!(names, ["Auto-Submitted", "X-Auto-Response-Suppress"]);
            let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            assert!(mail.subject.bytes().all(is_plain) && !mail.subject.contains("=?"), "{}", mail.subject);
            assert_eq!(mail.from, mails[0].from);
        }
    })
    .await;
}

/// Who asked for it is told in the mail, so that nobody is talked out of his code by somebody elsewhere (attack 36, contract Mails).
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_says_where_it_was_asked_for() {
    product(async |product| {
        let body = json!({"email": VICTIM, "fullName": "John Doe", "alias": "johny"});
        let request = product.request_from([127, 0, 6, 66], Method::POST, "/user").json(&body);
        let spoofed = request.header("x-forwarded-for", "203.0.113.9").header("user-agent", "curl/8.5.0");
        product.send(spoofed).await.expect(202);
        let mail = product.mails_to(VICTIM).await.remove(0);
        for text in [&mail.text, &mail.html] {
            assert!(text.contains("127.0.6.66") && text.contains("curl/8.5.0"), "{text}");
            assert!(!text.contains("203.0.113.9"), "{text}");
        }
    })
    .await;
}
