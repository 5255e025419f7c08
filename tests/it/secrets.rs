//! Secrets appear only where they belong: a code in its email, a bearer token and the secret of a
//! key pair in the one response that issues it. No log line contains a full address, and every
//! failure is logged in exactly one line.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, KeyPair, Person, Product, Requested, Settings, Talkative, code_in, log_lines, product_with, times_logged,
    wrong,
};

/// The responses to a client, and the bearer tokens and secrets that they issued.
#[derive(Default)]
struct Story {
    answers: Vec<Answer>,
    bearers: BTreeSet<String>,
    /// The API keys of key pairs, which are no secrets, but are not logged either.
    api_keys: BTreeSet<String>,
}

impl Story {
    fn record(&mut self, answer: Answer) -> Answer {
        for name in ["bearer", "apiSecret"] {
            self.bearers.extend(answer.body[name].as_str().map(str::to_owned));
        }
        self.api_keys.extend(answer.body["apiKey"].as_str().map(str::to_owned));
        self.answers.push(answer.clone());
        answer
    }

    fn requested(&mut self, answer: Answer) -> Requested {
        Requested::of(&self.record(answer).expect(202))
    }

    /// Verifies a sign-in or sign-up, with a wrong guess first and a replay last.
    async fn verify(&mut self, product: &Product, asked: Requested, address: &str) -> Person {
        let code = product.newest_code(address).await;
        self.record(product.session(&asked.bearer).await).refused(401, "active session");
        self.record(product.verify_session(&asked.id, &wrong(&code)).await).refused(401, "code");
        self.record(product.verify_session(&asked.id, &code).await).acknowledged();
        self.record(product.verify_session(&asked.id, &code).await).refused(401, "code");
        let session = self.record(product.session(&asked.bearer).await).expect(200);
        Person {
            address: address.to_owned(),
            alias: session.text("alias"),
            user_id: session.text("userID"),
            session_id: asked.session_id,
            bearer: asked.bearer,
        }
    }
}

/// Addresses that no other test uses: all tests share one log.
const ADDRESSES: [&str; 4] =
    ["ada@private.example", "ada@second.private.example", "Ada.Third@private.example", "unknown@private.example"];

/// Uses codes and bearer tokens in every way that a client can, valid and invalid.
async fn long_story(product: &Product) -> Story {
    let mut story = Story::default();
    let [first, second, third, unknown] = ADDRESSES;
    let asked = story.requested(product.ask_to_sign_up(first, "adaprivate").await);
    let ada = story.verify(product, asked, first).await;
    let asked = story.requested(product.ask_to_sign_in(first).await);
    let again = story.verify(product, asked, first).await;
    story.record(product.ask_to_sign_up(first, "another").await).expect(202);
    story.record(product.ask_to_sign_up(unknown, "adaprivate").await).refused(400, "alias");
    story.record(product.ask_to_sign_in(unknown).await).expect(202);
    story.record(product.ask_to_sign_in(first).await).refused(429, "Try again");
    let added = story.record(product.ask_to_add(&ada, second).await).expect(202).text("verificationCodeID");
    let resend = product.call_as(&ada.bearer, Method::POST, "/email/verification", Some(json!({"address": second})));
    story.record(resend.await).expect(202);
    let code = code_in(&product.emails_to(second).await[0]).expect("a code");
    for _ in 0..4 {
        story.record(product.verify_email(&added, &wrong(&code)).await).refused(401, "code");
    }
    story.record(product.verify_email(&added, &code).await).acknowledged();
    let email = product.email_id(&ada, second).await;
    story.record(product.prefer(&ada, &email).await).acknowledged();
    product.pass(Duration::from_mins(5));
    let asked = story.requested(product.ask_to_sign_in(first).await);
    story.verify(product, asked, first).await;
    let more = story.record(product.ask_to_add(&ada, third).await).expect(202).text("verificationCodeID");
    story.record(product.verify_session(&more, &product.newest_code(third).await).await).refused(401, "code");
    for path in ["/emails", "/sessions", "/session", "/user"] {
        story.record(product.call_as(&ada.bearer, Method::GET, path, None).await).expect(200);
    }
    story.record(product.extend(&ada.bearer).await).expect(202);
    story.record(product.update_user(&ada, json!({"alias": "adaprivate2"})).await).acknowledged();
    story.record(product.delete_email(&ada, &email).await).refused(403, "preferred");
    story.record(product.prefer(&ada, &more).await).refused(404, "not found");
    story.record(product.close(&ada, &again.session_id).await).acknowledged();
    story.record(product.session(&again.bearer).await).refused(401, "bearer");
    use_key_pairs(product, &mut story, &ada, second).await;
    // Malformed requests that contain secrets.
    let broken = product.request(Method::PUT, "/session/verification").header("content-type", "application/json");
    story.record(product.send(broken.body(format!("{{\"code\":\"{code}\","))).await).refused(400, "JSON");
    let shown = json!({"verificationCodeID": ada.bearer, "code": ada.bearer, "email": first, "address": first});
    for (method, path) in [
        (Method::POST, "/user"),
        (Method::PUT, "/session/verification"),
        (Method::PUT, "/email/verification"),
        (Method::PUT, "/email/preferred"),
    ] {
        story.record(product.call_as(&ada.bearer, method, path, Some(shown.clone())).await).expect(400);
    }
    let path = format!("/session/{}", ada.bearer);
    story.record(product.call_as(&ada.bearer, Method::DELETE, &path, None).await).refused(400, "id");
    story.record(product.close_all(&ada, "?keep=current").await).acknowledged();
    story.record(product.delete_user(&ada).await).acknowledged();
    product.pass(Duration::from_mins(5));
    let asked = story.requested(product.ask_to_sign_in(first).await);
    story.verify(product, asked, first).await;
    story
}

/// Uses a key pair in every way, valid and invalid. `preferred` gets its code.
async fn use_key_pairs(product: &Product, story: &mut Story, ada: &Person, preferred: &str) {
    product.pass(Duration::from_mins(5));
    let key_pair = KeyPair::of(&story.record(product.ask_for_key_pair(ada, "Backup").await).expect(202));
    let code = product.newest_code(preferred).await;
    story.record(product.check_key_pair(&key_pair).await).refused(401, "key pair");
    story.record(product.verify_key_pair(&key_pair.code_id, &wrong(&code)).await).refused(401, "code");
    story.record(product.verify_key_pair(&key_pair.code_id, &code).await).acknowledged();
    story.record(product.check_key_pair(&key_pair).await).expect(200);
    story.record(product.call_as(&ada.bearer, Method::GET, "/keypairs", None).await).expect(200);
    story.record(product.send(key_pair.on(product.request(Method::GET, "/session"))).await).refused(401, "bearer");
    story.record(product.delete_key_pair(ada, &key_pair.secret).await).refused(400, "id");
    story.record(product.delete_key_pair(ada, &key_pair.id).await).acknowledged();
    story.record(product.check_key_pair(&key_pair).await).refused(401, "key pair");
}

/// Splits a text into its words of letters and digits.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !character.is_ascii_alphanumeric()).collect()
}

/// Returns every code that was mailed.
async fn codes(product: &Product) -> BTreeSet<String> {
    let codes: BTreeSet<_> = product.sent_emails().await.iter().filter_map(code_in).collect();
    assert!(codes.len() >= 6, "{codes:?}");
    codes
}

/// Asserts that no code is a word of the text, and that no bearer token is a part of it.
fn assert_no_secret(what: &str, text: &str, codes: &BTreeSet<String>, bearers: &BTreeSet<String>) {
    let words = words(text);
    for code in codes {
        assert!(!words.contains(code.as_str()), "{what} holds a code: {text}");
    }
    for bearer in bearers {
        assert!(!text.contains(bearer.as_str()), "{what} holds a bearer: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_and_its_stream_contain_no_codes_and_no_bearer_tokens() {
    product_with(Settings::default(), async |product| {
        let story = long_story(product).await;
        let codes = codes(product).await;
        let items = product.raw_items().await;
        let records = product.stream_records().await;
        assert!(items.len() > 10 && records.len() > items.len(), "{} items, {} records", items.len(), records.len());
        for (what, stored) in
            items.iter().map(|item| ("an item", item)).chain(records.iter().map(|record| ("a record", record)))
        {
            assert_no_secret(what, &stored.to_string(), &codes, &story.bearers);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_is_only_in_the_response_that_issues_it() {
    product_with(Settings::default(), async |product| {
        let story = long_story(product).await;
        let codes = codes(product).await;
        let shown: Vec<_> =
            story.answers.iter().map(|answer| format!("{:?} {}", answer.headers, answer.body)).collect();
        for text in &shown {
            assert_no_secret("a response", text, &codes, &BTreeSet::new());
        }
        for bearer in &story.bearers {
            assert_eq!(shown.iter().filter(|text| text.contains(bearer)).count(), 1);
        }
        for mail in product.sent_emails().await {
            assert_no_secret("an email", &format!("{mail:?}"), &BTreeSet::new(), &story.bearers);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_codes_tokens_or_addresses_and_each_refusal_once() {
    product_with(Settings::default(), async |product| {
        let verbose = Talkative::begin();
        let story = long_story(product).await;
        let codes = codes(product).await;
        drop(verbose);
        let lines = log_lines();
        assert!(lines.iter().any(|line| line.contains("aws_smithy_runtime")), "the SDK logged nothing");
        for line in &lines {
            assert_no_secret("a line of the log", line, &codes, &story.bearers);
            assert_no_secret("a line of the log", line, &codes, &story.api_keys);
            let line = line.to_lowercase();
            for address in ADDRESSES {
                assert!(!line.contains(&address.to_lowercase()), "a line of the log holds an address: {line}");
            }
            assert!(!line.contains("adaprivate"), "a line of the log holds an alias: {line}");
        }
        let refused: Vec<_> = story.answers.iter().filter_map(|answer| answer.header("x-error-id")).collect();
        assert!(refused.len() > 15, "{}", refused.len());
        assert_eq!(refused.iter().collect::<BTreeSet<_>>().len(), refused.len(), "an ID is repeated");
        for id in refused {
            assert_eq!(times_logged(id), 1, "{id}");
        }
    })
    .await;
}
