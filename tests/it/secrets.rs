//! Codes and bearers are where they belong and nowhere else (I16, attack 41): a code in its mail, a bearer in the one answer that
//! issues it. No full address is in a log line, and every failure is in exactly one (I18).

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Person, Product, Requested, Settings, Talkative, code_in, log_lines, product_with, times_logged, wrong,
};

/// What happened, as everybody but the reader of the mails can see it.
#[derive(Default)]
struct Story {
    answers: Vec<Answer>,
    bearers: BTreeSet<String>,
}

impl Story {
    fn told(&mut self, answer: Answer) -> Answer {
        self.bearers.extend(answer.body["bearer"].as_str().map(str::to_owned));
        self.answers.push(answer.clone());
        answer
    }

    fn asked(&mut self, answer: Answer) -> Requested {
        Requested::of(&self.told(answer).expect(202))
    }

    /// Signs somebody in or up, with a wrong guess first and a replay last.
    async fn proves(&mut self, product: &Product, asked: Requested, address: &str) -> Person {
        let code = product.newest_code(address).await;
        self.told(product.session(&asked.bearer).await).refused(401, "active session");
        self.told(product.verify_session(&asked.id, &wrong(&code)).await).refused(401, "code");
        self.told(product.verify_session(&asked.id, &code).await).acknowledged();
        self.told(product.verify_session(&asked.id, &code).await).refused(401, "code");
        let session = self.told(product.session(&asked.bearer).await).expect(200);
        Person {
            address: address.to_owned(),
            alias: session.text("alias"),
            user_id: session.text("userID"),
            session_id: asked.session_id,
            bearer: asked.bearer,
        }
    }
}

/// Addresses that no other test writes to: the log is everybody's.
const ADDRESSES: [&str; 4] =
    ["ada@private.example", "ada@second.private.example", "Ada.Third@private.example", "nobody@private.example"];

/// Everything that a client can do with codes and bearers, right and wrong.
async fn long_story(product: &Product) -> Story {
    let mut story = Story::default();
    let [first, second, third, nobody] = ADDRESSES;
    let asked = story.asked(product.ask_to_sign_up(first, "adaprivate").await);
    let ada = story.proves(product, asked, first).await;
    let asked = story.asked(product.ask_to_sign_in(first).await);
    let again = story.proves(product, asked, first).await;
    story.told(product.ask_to_sign_up(first, "another").await).expect(202);
    story.told(product.ask_to_sign_up(nobody, "adaprivate").await).refused(400, "alias");
    story.told(product.ask_to_sign_in(nobody).await).expect(202);
    story.told(product.ask_to_sign_in(first).await).refused(429, "Try again");
    let added = story.told(product.ask_to_add(&ada, second).await).expect(202).text("verificationCodeID");
    let resend = product.call_as(&ada.bearer, Method::POST, "/email/verification", Some(json!({"address": second})));
    story.told(resend.await).expect(202);
    let code = code_in(&product.mails_to(second).await[0]).expect("a code");
    for _ in 0..4 {
        story.told(product.verify_email(&added, &wrong(&code)).await).refused(401, "code");
    }
    story.told(product.verify_email(&added, &code).await).acknowledged();
    let email = product.email_id(&ada, second).await;
    story.told(product.prefer(&ada, &email).await).acknowledged();
    product.pass(Duration::from_mins(5));
    let asked = story.asked(product.ask_to_sign_in(first).await);
    story.proves(product, asked, first).await;
    let more = story.told(product.ask_to_add(&ada, third).await).expect(202).text("verificationCodeID");
    story.told(product.verify_session(&more, &product.newest_code(third).await).await).refused(401, "code");
    for path in ["/emails", "/sessions", "/session"] {
        story.told(product.call_as(&ada.bearer, Method::GET, path, None).await).expect(200);
    }
    story.told(product.call_as(&ada.bearer, Method::PUT, "/session/extend", None).await).acknowledged();
    story.told(product.delete_email(&ada, &email).await).refused(403, "preferred");
    story.told(product.prefer(&ada, &more).await).refused(404, "not found");
    story.told(product.close(&ada, &again.session_id).await).acknowledged();
    story.told(product.session(&again.bearer).await).refused(401, "bearer");
    // What can't be read, with secrets in it.
    let broken = product.request(Method::PUT, "/session/verification").header("content-type", "application/json");
    story.told(product.send(broken.body(format!("{{\"code\":\"{code}\","))).await).refused(400, "JSON");
    let shown = json!({"verificationCodeID": ada.bearer, "code": ada.bearer, "email": first, "address": first});
    for (method, path) in [
        (Method::POST, "/user"),
        (Method::PUT, "/session/verification"),
        (Method::PUT, "/email/verification"),
        (Method::PUT, "/email/preferred"),
    ] {
        story.told(product.call_as(&ada.bearer, method, path, Some(shown.clone())).await).expect(400);
    }
    let path = format!("/session/{}", ada.bearer);
    story.told(product.call_as(&ada.bearer, Method::DELETE, &path, None).await).refused(400, "id");
    story
}

/// The words of a text: what stands between anything but letters and digits.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !character.is_ascii_alphanumeric()).collect()
}

/// Every code that was mailed.
async fn codes(product: &Product) -> BTreeSet<String> {
    let codes: BTreeSet<_> = product.mails().await.iter().filter_map(code_in).collect();
    assert!(codes.len() >= 6, "{codes:?}");
    codes
}

/// None of the codes is a word of the text, none of the bearers is anywhere in it.
fn holds_no_secret(what: &str, text: &str, codes: &BTreeSet<String>, bearers: &BTreeSet<String>) {
    let words = words(text);
    for code in codes {
        assert!(!words.contains(code.as_str()), "{what} holds a code: {text}");
    }
    for bearer in bearers {
        assert!(!text.contains(bearer.as_str()), "{what} holds a bearer: {text}");
    }
}

/// Attack 41.
#[tokio::test(flavor = "multi_thread")]
async fn neither_the_table_nor_its_stream_holds_a_code_or_a_bearer() {
    product_with(Settings::default(), async |product| {
        let story = long_story(product).await;
        let codes = codes(product).await;
        let items = product.raw_items().await;
        let records = product.stream_records().await;
        assert!(items.len() > 10 && records.len() > items.len(), "{} items, {} records", items.len(), records.len());
        for (what, stored) in
            items.iter().map(|item| ("an item", item)).chain(records.iter().map(|record| ("a record", record)))
        {
            holds_no_secret(what, &stored.to_string(), &codes, &story.bearers);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_is_in_the_answer_that_issues_it_and_in_no_other() {
    product_with(Settings::default(), async |product| {
        let story = long_story(product).await;
        let codes = codes(product).await;
        let shown: Vec<_> =
            story.answers.iter().map(|answer| format!("{:?} {}", answer.headers, answer.body)).collect();
        for text in &shown {
            holds_no_secret("an answer", text, &codes, &BTreeSet::new());
        }
        for bearer in &story.bearers {
            assert_eq!(shown.iter().filter(|text| text.contains(bearer)).count(), 1);
        }
        for mail in product.mails().await {
            holds_no_secret("a mail", &format!("{mail:?}"), &BTreeSet::new(), &story.bearers);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_code_no_bearer_and_no_address_but_every_refusal_once() {
    product_with(Settings::default(), async |product| {
        let everybody = Talkative::begin();
        let story = long_story(product).await;
        let codes = codes(product).await;
        drop(everybody);
        let lines = log_lines();
        assert!(lines.iter().any(|line| line.contains("aws_smithy_runtime")), "the SDK was silent");
        for line in &lines {
            holds_no_secret("a line of the log", line, &codes, &story.bearers);
            let line = line.to_lowercase();
            for address in ADDRESSES {
                assert!(!line.contains(&address.to_lowercase()), "a line of the log holds an address: {line}");
            }
            assert!(!line.contains("adaprivate"), "a line of the log holds an alias: {line}");
        }
        let refused: Vec<_> = story.answers.iter().filter_map(|answer| answer.header("x-error-id")).collect();
        assert!(refused.len() > 15, "{}", refused.len());
        assert_eq!(refused.iter().collect::<BTreeSet<_>>().len(), refused.len(), "an ID twice");
        for id in refused {
            assert_eq!(times_logged(id), 1, "{id}");
        }
    })
    .await;
}

/// Who finds the answers in a proxy's cache or a browser's history finds no more than these members.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_shows_more_than_the_contract_names() {
    product_with(Settings::default(), async |product| {
        let story = long_story(product).await;
        let known = [
            "bearer",
            "sessionID",
            "expireAt",
            "ip",
            "userAgent",
            "verificationCodeID",
            "userID",
            "alias",
            "fullName",
            "verified",
            "roles",
            "groups",
            "message",
            "sessions",
            "current",
            "emails",
            "emailID",
            "address",
            "preferred",
            "type",
            "title",
            "status",
            "detail",
            "instance",
            "errors",
            "field",
        ];
        for answer in &story.answers {
            names(&answer.body, &mut |name| assert!(known.contains(&name), "{name} in {}", answer.body));
        }
    })
    .await;
}

/// Tells the names of all members, at any depth.
fn names(value: &Value, tell: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            tell(name);
            names(value, tell);
        }),
        Value::Array(values) => values.iter().for_each(|value| names(value, tell)),
        _ => {}
    }
}
