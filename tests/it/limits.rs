//! Lifetimes, caps and rate limits: the contract's defaults, and the parameters that change them.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, EmailKind, Product, Settings, product, product_with, wrong};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";
const UNKNOWN: &str = "unknown@doe.net";

/// Returns the time to wait from a 429 response. Asserts that its header and its text agree.
fn retry_after(answer: &Answer) -> Duration {
    assert_eq!(answer.status, 429, "{}", answer.body);
    let seconds = answer.header("retry-after").expect("Retry-After");
    assert_eq!(answer.body["detail"], format!("Too many codes requested. Try again in {seconds} seconds."));
    Duration::from_secs(seconds.parse().expect("a whole number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_three_emails_at_once_and_then_one_a_minute() {
    product(async |product| {
        for _ in 0..3 {
            product.ask_to_sign_in(JOHN).await.expect(202);
        }
        for _ in 0..3 {
            let wait = retry_after(&product.mailing(product.ask_to_sign_in(JOHN), &[]).await);
            assert!((1..=60).contains(&wait.as_secs()), "{wait:?}");
            product.pass(wait);
            product.mailing(product.ask_to_sign_in(JOHN), &[(EmailKind::NoAccount, JOHN)]).await.expect(202);
        }
        // Other addresses are not affected. After a pause, three at once are allowed again.
        product.ask_to_sign_in(WORK).await.expect(202);
        product.pass(Duration::from_mins(3));
        for _ in 0..3 {
            product.ask_to_sign_in(JOHN).await.expect(202);
        }
        retry_after(&product.ask_to_sign_in(JOHN).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_twenty_emails_a_day_whether_it_is_known_or_not() {
    product(async |product| {
        product.sign_up(JOHN, "johny").await;
        product.pass(Duration::from_hours(24));
        let mut sent = 0;
        let day = loop {
            let (known, unknown) = (product.ask_to_sign_in(JOHN).await, product.ask_to_sign_in(UNKNOWN).await);
            assert_eq!(known.status, unknown.status);
            if known.status == 202 {
                sent += 1;
                assert!(sent <= 20);
                continue;
            }
            let (known, unknown) = (retry_after(&known), retry_after(&unknown));
            // Some seconds may have passed between the two.
            assert!(known.as_secs().abs_diff(unknown.as_secs()) < 30, "{known:?} {unknown:?}");
            if known > Duration::from_hours(1) {
                break known.max(unknown);
            }
            product.sent_emails().await;
            product.pass(known.max(unknown));
        };
        assert_eq!(sent, 20);
        assert!(day < Duration::from_hours(24), "{day:?}");
        product.pass(day);
        for address in [JOHN, UNKNOWN] {
            product.ask_to_sign_in(address).await.expect(202);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_for_an_address_share_its_rate_limit_in_any_spelling() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_sign_up(WORK, "worker").await.expect(202);
        product.ask_to_add(&john, "JOHN@Work.Example").await.expect(202);
        product.ask_again(&john, " john@work.example. ").await.expect(202);
        let before = product.contents().await;
        let refusals = async {
            retry_after(&product.ask_to_sign_up(WORK, "another").await);
            retry_after(&product.ask_to_sign_in(" john@WORK.example").await);
            retry_after(&product.ask_to_add(&john, WORK).await);
            retry_after(&product.ask_again(&john, WORK).await);
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged_but_rate_limits(&before).await;
        // Refused requests do not count: a minute later, an email is sent.
        product.pass(Duration::from_mins(1));
        product.ask_again(&john, WORK).await.expect(202);
    })
    .await;
}

/// Many servers deliver these to one mailbox.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_does_not_evade_the_rate_limit_of_an_address() {
    product(async |product| {
        let ask = async |number: u32| product.ask_to_sign_in(&format!("John+{number}@doe.net")).await;
        for number in 0..3 {
            ask(number).await.expect(202);
        }
        for number in 3..60 {
            retry_after(&ask(number).await);
        }
        retry_after(&product.ask_to_sign_in(JOHN).await);
        product.ask_to_sign_in("john.3@doe.net").await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_not_rate_limited() {
    product(async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        for _ in 0..2 {
            product.ask_to_sign_in(JOHN).await.expect(202);
        }
        retry_after(&product.ask_to_sign_in(JOHN).await);
        let notices = [(EmailKind::AddressRemoved, JOHN), (EmailKind::AddressRemoved, WORK)];
        product.mailing(product.delete_email(&john, &work), &notices).await.acknowledged();
    })
    .await;
}

async fn ask_from(product: &Product, source: [u8; 4], address: &str) -> Answer {
    let request = product.request_from(source, Method::POST, "/session").json(&json!({"email": address}));
    // Headers that claim another source are ignored.
    product.send(request.header("x-forwarded-for", "10.0.0.1").header("forwarded", "for=10.0.0.1")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_gets_sixty_emails_an_hour_to_any_addresses() {
    // This is the template's default. The local stack lifts the limit.
    product_with(Settings::parameter("MailsPerSourceIpPerHour", "60"), async |product| {
        product.pass_to_the_middle_of_an_hour();
        // Not all at once: a slow call to DynamoDB is retried, and may count twice.
        for tens in 0..6 {
            let ask =
                |number| async move { ask_from(product, [127, 0, 0, 2], &format!("{tens}{number}@doe.net")).await };
            for answer in join_all((0..10).map(ask)).await {
                answer.expect(202);
            }
        }
        let wait = retry_after(&ask_from(product, [127, 0, 0, 2], "late@doe.net").await);
        assert!(wait <= Duration::from_hours(1), "{wait:?}");
        ask_from(product, [127, 0, 0, 3], "late@doe.net").await.expect(202);
        product.pass(wait);
        ask_from(product, [127, 0, 0, 2], "later@doe.net").await.expect(202);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_that_send_email_share_the_rate_limit_of_their_source() {
    product_with(Settings::parameter("MailsPerSourceIpPerHour", "4"), async |product| {
        product.pass_to_the_middle_of_an_hour();
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        product.ask_again(&john, WORK).await.expect(202);
        product.ask_to_sign_in(JOHN).await.expect(202);
        let before = product.contents().await;
        let refusals = async {
            retry_after(&product.ask_to_sign_up("jane@doe.net", "jane").await);
            retry_after(&product.ask_to_sign_in(UNKNOWN).await);
            retry_after(&product.ask_to_add(&john, "more@doe.net").await);
            retry_after(&product.ask_again(&john, WORK).await);
        };
        product.mailing(refusals, &[]).await;
        product.assert_unchanged(&before).await;
        // Requests that send no email are not counted.
        product.emails(&john).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_rate_limit_of_zero_means_no_limit() {
    product_with(Settings::parameter("MailsPerSourceIpPerHour", "0"), async |product| {
        let ask = |number| async move { product.ask_to_sign_in(&format!("{number}@doe.net")).await.status };
        assert_eq!(join_all((0..61).map(ask)).await, [202; 61]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_email_rate_limits_of_an_address() {
    let settings = Settings::parameter("MailBurst", "2").and("MailIntervalSeconds", "600").and("MailsPerDay", "3");
    product_with(settings, async |product| {
        product.ask_to_sign_in(JOHN).await.expect(202);
        product.ask_to_sign_in(JOHN).await.expect(202);
        let wait = retry_after(&product.ask_to_sign_in(JOHN).await);
        assert!((61..=600).contains(&wait.as_secs()), "{wait:?}");
        product.pass(wait);
        product.ask_to_sign_in(JOHN).await.expect(202);
        let wait = retry_after(&product.ask_to_sign_in(JOHN).await);
        assert!(wait > Duration::from_hours(23), "{wait:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_lifetime_of_codes() {
    product_with(Settings::parameter("CodeLifetimeSeconds", "3600"), async |product| {
        let (john, code) = product.sign_up_code(JOHN, "johny").await;
        assert!(product.emails_to(JOHN).await[0].text.contains("60 minutes"));
        product.pass(Duration::from_mins(59));
        product.ask_to_sign_up("jane@doe.net", "johny").await.refused(400, "alias is taken");
        product.verify_session(&john.id, &code).await.acknowledged();
        let (late, code) = product.sign_in_code(JOHN).await;
        product.pass(Duration::from_hours(1));
        product.verify_session(&late.id, &code).await.refused(401, "code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_usual_length_of_codes() {
    product_with(Settings::parameter("CodeDigits", "8").and("GuessesBeforeLongCodes", "2"), async |product| {
        let (john, code) = product.sign_up_code(JOHN, "johny").await;
        assert_eq!(code.len(), 8);
        for _ in 0..2 {
            product.verify_session(&john.id, &wrong(&code)).await.refused(401, "code");
        }
        product.verify_session(&john.id, &code).await.acknowledged();
        assert_eq!(product.sign_in_code(JOHN).await.1.len(), 12, "an address under attack");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_number_of_guesses_per_code() {
    let settings = Settings::parameter("GuessesPerCode", "2").and("GuessesBeforeLongCodes", "3");
    product_with(settings, async |product| {
        product.sign_up(JOHN, "johny").await;
        for (tries, digits) in [(1, 6), (2, 6), (0, 12)] {
            let (requested, code) = product.sign_in_code(JOHN).await;
            assert_eq!(code.len(), digits);
            for _ in 0..tries {
                product.verify_session(&requested.id, &wrong(&code)).await.refused(401, "code");
            }
            let last = product.verify_session(&requested.id, &code).await;
            if tries < 2 {
                last.acknowledged();
            } else {
                drop(last.refused(401, "code"));
            }
            product.pass(Duration::from_mins(1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_lifetime_of_sessions() {
    let settings = Settings::parameter("SessionLifetimeSeconds", "3600").and("SessionMaximumSeconds", "7200");
    product_with(settings, async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        let session = product.session(&john.bearer).await.expect(200);
        assert_eq!(product.redacted(&session.body)["expireAt"], "[in 1 h]");
        for minutes in [30, 50] {
            product.pass(Duration::from_mins(minutes));
            product.extend(&john.bearer).await.expect(202);
        }
        let session = product.session(&john.bearer).await.expect(200);
        assert_eq!(product.redacted(&session.body)["expireAt"], "[in 40 min]");
        product.pass(Duration::from_mins(40));
        product.session(&john.bearer).await.refused(401, "bearer");
        let again = product.sign_in(&john).await;
        product.pass(Duration::from_hours(1));
        product.session(&again.bearer).await.refused(401, "bearer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_sets_the_caps_on_addresses_and_sessions() {
    let settings = Settings::parameter("EmailsPerUser", "2").and("SessionsPerUser", "2");
    product_with(settings, async |product| {
        let john = product.sign_up(JOHN, "johny").await;
        product.ask_to_add(&john, WORK).await.expect(202);
        product.ask_to_add(&john, "more@doe.net").await.refused(403, "limit reached");
        product.pass(Duration::from_secs(1));
        let second = product.sign_in(&john).await;
        product.pass(Duration::from_secs(1));
        let third = product.sign_in(&john).await;
        product.session(&john.bearer).await.refused(401, "bearer");
        product.session(&second.bearer).await.expect(200);
        assert_eq!(product.sessions(&third).await.len(), 2);
        product.call_as(&third.bearer, Method::GET, "/emails", None).await.expect(200);
    })
    .await;
}

/// A session stops counting in the second in which it expires.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_does_not_count_towards_the_cap() {
    product_with(Settings::parameter("SessionsPerUser", "2"), async |product| {
        let first = product.sign_up(JOHN, "johny").await;
        let second = product.sign_in(&first).await;
        product.pass(Duration::from_hours(1));
        product.extend(&first.bearer).await.expect(202);
        let end = product.session(&second.bearer).await.expect(200).body["expireAt"].as_u64().expect("a time");
        let left = || end.saturating_sub(u64::try_from(product.stack.clock().now().seconds()).expect("a time"));
        product.pass(Duration::from_secs(left() - 60));
        let (asked, code) = product.sign_in_code(JOHN).await;
        product.pass(Duration::from_secs(left()));
        product.session(&second.bearer).await.refused(401, "bearer");
        product.verify_session(&asked.id, &code).await.acknowledged();
        product.session(&first.bearer).await.expect(200);
    })
    .await;
}
