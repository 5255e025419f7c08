//! `send-mail` and `send-notices`: the contents of their emails, and that each is sent once.

use insta::assert_snapshot;
use local::Email;
use reqwest::Method;
use serde_json::{json, value::to_raw_value};

use crate::support::{EmailKind, Item, Person, Product, Settings, product, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

#[tokio::test(flavor = "multi_thread")]
async fn an_email_states_its_purpose_its_origin_and_what_to_do_if_unexpected() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        let request = product.request(Method::POST, "/session").header("user-agent", FIREFOX);
        product.send(request.json(&json!({"email": JOHN}))).await.expect(202);
        let code = product.newest_code(JOHN).await;
        let received = product.emails_to(JOHN).await;
        let mail = received.last().unwrap();
        assert_eq!(
            (mail.to.as_slice(), mail.subject.clone()),
            ([JOHN.to_owned()].as_slice(), format!("{code} is your Latchkey code"))
        );
        // The time of the request and the end of the code differ from run to run.
        let text = mail.text.replace(&code, "[code]");
        let lines = text.lines().map(|line| match line.split_once("Time  ") {
            Some((before, _)) => format!("{before}Time        [now]"),
            None => line.split(", until ").next().unwrap().to_owned(),
        });
        assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        Enter this code to sign in to Latchkey:

            [code]

        This code works once and is valid for 10 minutes

        Enter it only where you requested it, and never share it. Latchkey will
        never ask you for it by phone, email or chat.

        Request details
          IP address  127.0.0.1
          Browser     Firefox on Linux
          Time        [now]

        Didn't request this? You can ignore this email. Don't share the code. No
        one can sign in without it.

        Latchkey
        This is an automated message. Replies are not monitored.
        ");
        for body in [&mail.text, &mail.html] {
            assert!(body.contains(&code) && body.contains("127.0.0.1") && body.contains("Firefox on Linux"), "{body}");
            assert!(!body.contains("johny") && !body.contains("John Doe") && !body.contains("http"), "{body}");
        }
        let headers = [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];
        assert_eq!(mail.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    })
    .await;
}

/// Anyone can request a code for any address, so a user agent must not be a message to its owner.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_contains_no_words_of_a_user_agent() {
    product_with(Settings::with_mail_for_all(), async |product| {
        for (agent, shown) in [
            ("Call-Latchkey-Support/800.555.0199", "unknown"),
            ("Account-locked--Call/1800.5550.199", "unknown"),
            ("evil-dot-com", "unknown"),
            ("curl/800.555.0199", "curl"),
            ("Mozilla/5.0 (Call 800 555 0199) Firefox/800.555", "Firefox"),
            ("\u{202e}gro.live\u{202c}\u{200b}", "unknown"),
        ] {
            let request = product.request(Method::POST, "/session").header("user-agent", agent.as_bytes());
            product.send(request.json(&json!({"email": JOHN}))).await.expect(202);
            let received = product.emails_to(JOHN).await;
            let mail = received.last().unwrap();
            let browser = mail.text.lines().find_map(|line| line.trim().strip_prefix("Browser"));
            assert_eq!(browser.map(str::trim), Some(shown), "{agent}");
            for body in [&mail.text, &mail.html, &mail.subject] {
                assert!(!["555", "Call", "evil", "live"].iter().any(|word| body.contains(word)), "{agent}: {body}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_sender_reply_address_and_branding() {
    let settings = Settings::parameter("SenderAddress", "codes@example.net")
        .and("ReplyToAddress", "help@example.net")
        .and("ProductName", "Example & Sons")
        .and("ProductLink", "https://example.net/?a=b&c=d")
        .and("ProductColor", "#1a73e8");
    product_with(settings, async |product| {
        product.sign_up(JOHN, "johny").await;
        let mail = &product.emails_to(JOHN).await[0];
        assert_eq!(mail.from, "\"Example & Sons\" <codes@example.net>");
        assert_eq!(mail.reply_to, ["help@example.net"]);
        assert!(mail.subject.ends_with(" is your Example & Sons code"), "{}", mail.subject);
        assert!(mail.text.contains("Example & Sons") && mail.text.contains("reply to this email"), "{}", mail.text);
        assert!(mail.html.contains("Example &#38; Sons") || mail.html.contains("Example &amp; Sons"), "{}", mail.html);
        assert!(mail.text.contains("https://example.net/?a=b&c=d\n"), "{}", mail.text);
        assert_eq!(mail.html.matches("href").count(), 1);
        assert!(mail.html.contains("href=\"https://example.net/?a=b&#38;c=d\"") && mail.html.contains("#1a73e8"));
    })
    .await;
    product(async |product| {
        product.ask_to_sign_in(JOHN).await.expect(202);
        let mail = &product.emails_to(JOHN).await[0];
        assert_eq!(mail.from, "\"Latchkey\" <no-reply@latchkey.example>");
        assert_eq!(mail.reply_to, Vec::<String>::new());
        assert!(mail.configuration_set.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_name_the_address_concerned_and_the_client() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        product.sign_in_through(&john, WORK).await;
        product.prefer(&john, &work).await.acknowledged();
        let first = product.email_id(&john, JOHN).await;
        product.delete_email(&john, &first).await.acknowledged();
        let notices = [
            (EmailKind::AddressVerified, JOHN, WORK),
            (EmailKind::SignedInElsewhere, JOHN, WORK),
            (EmailKind::NoLongerPreferred, JOHN, WORK),
            (EmailKind::AddressPreferred, WORK, WORK),
            (EmailKind::AddressRemoved, WORK, JOHN),
            (EmailKind::AddressRemoved, JOHN, JOHN),
        ];
        let received = product.sent_emails().await;
        for (kind, to, about) in notices {
            let mail = received.iter().find(|mail| EmailKind::of(mail) == kind && mail.to == [to]);
            let mail = mail.unwrap_or_else(|| panic!("no {kind:?} to {to}"));
            assert!(mail.text.contains(about) && mail.text.contains("127.0.0.1"), "{}", mail.text);
            assert!(mail.html.contains(about) && mail.html.contains("127.0.0.1"), "{}", mail.html);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_code_can_be_copied_from_any_part_of_its_email() {
    let mut settings = Settings::parameter("CodeDigits", "12");
    settings.parameters.push(("MailBurst", "4"));
    product_with(settings, async |product| {
        product.sign_up(JOHN, "johny").await;
        let in_subject = |mail: &Email| mail.subject.split_once(" is your").expect("a code").0.to_owned();
        let in_text = |mail: &Email| {
            let line = mail.text.lines().find(|line| line.starts_with("    ")).expect("a line of its own");
            format!("{line}\n")
        };
        let in_html = |mail: &Email| {
            let cell = mail.html.split_once(r#"<td class="well""#).expect("a cell").1;
            let (_, cell) = cell.split_once('>').expect("its content");
            cell.split_once("</td>").expect("its end").0.to_owned()
        };
        for copied in [&in_subject as &dyn Fn(&Email) -> String, &in_text, &in_html] {
            let requested = product.sign_in_code(JOHN).await.0;
            let copied = copied(product.emails_to(JOHN).await.last().expect("an email"));
            let groups: Vec<_> = copied.split_whitespace().map(str::len).collect();
            assert_eq!(groups, [4, 4, 4], "{copied:?}");
            product.verify_session(&requested.id, &copied).await.acknowledged();
        }
    })
    .await;
}

/// Causes emails of several kinds.
async fn cause_emails(product: &Product) -> Person {
    let john = product.sign_up(JOHN, "johny").await;
    product.add_email(&john, WORK).await;
    product.ask_to_sign_in("unknown@doe.net").await.expect(202);
    product.ask_to_sign_up(JOHN, "another").await.expect(202);
    product.ask_to_add(&john, "more@doe.net").await.expect(202);
    product.stack.delivered().await;
    john
}

/// Invokes a function with records, as Lambda does, and returns its response.
async fn deliver(product: &Product, function: &str, items: &[&Item]) -> serde_json::Value {
    let record = |(number, item): (usize, &&Item)| {
        let (image, number) = (item.image(), (number + 1).to_string());
        let keys = json!({"pk": image["pk"], "sk": image["sk"]});
        json!({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": number}})
    };
    let records: Vec<_> = items.iter().enumerate().map(record).collect();
    let event = to_raw_value(&json!({"Records": records})).expect("an event");
    let answer = product.stack.invoke(function, &event).await.expect("a response");
    serde_json::from_str(answer.get()).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_delivered_twice_is_mailed_once() {
    product(async |product| {
        cause_emails(product).await;
        let items = product.items().await;
        let asked: Vec<_> = items.iter().filter(|item| item.text("pk").starts_with("CODE#")).collect();
        let notices: Vec<_> = items.iter().filter(|item| item.text("pk").starts_with("NOTICE#")).collect();
        assert_eq!((asked.len(), notices.len()), (3, 1));
        let before = product.contents().await;
        for _ in 0..2 {
            for (function, items) in [("send-mail", &asked), ("send-notices", &notices)] {
                // Records of the other kind, which the filter of its event source excludes, are
                // ignored.
                let all = [items.clone(), asked.clone(), notices.clone()].concat();
                let answer = product.mailing(deliver(product, function, &all), &[]).await;
                assert_eq!(answer, json!({"batchItemFailures": []}));
            }
        }
        product.assert_unchanged(&before).await;
    })
    .await;
}
