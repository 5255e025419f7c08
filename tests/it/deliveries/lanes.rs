//! Codes and notices are sent by two functions, each with its own position in the stream: neither
//! delays the other.

use std::time::Duration;

use local::Email;

use crate::support::{Call, EmailKind, End, Fault, Person, Product, Proxy, Settings, product_with};

const JOHN: &str = "john@doe.net";
const WORK: &str = "john@work.example";

/// Much less than any retry of the other lane takes in total.
const SOON: Duration = Duration::from_secs(2);

/// Runs a test with a user who has two verified addresses, and with a proxy for SES.
async fn with_ses(test: impl AsyncFnOnce(&Product, &Proxy, &Person, [String; 2])) {
    let ses = Proxy::start().await;
    let variables = vec![("AWS_ENDPOINT_URL_SESV2", ses.url().to_owned())];
    product_with(Settings { variables, ..Settings::default() }, async |product| {
        ses.lead_to_ses(product);
        let john = product.sign_up(JOHN, "johny").await;
        let work = product.add_email(&john, WORK).await;
        let first = product.email_id(&john, JOHN).await;
        product.delivered().await;
        test(product, &ses, &john, [work, first]).await;
        ses.mend();
    })
    .await;
}

/// The subject of a code begins with the code.
fn is_code(call: &Call) -> bool {
    let subject = &call.body["Content"]["Simple"]["Subject"]["Data"];
    subject.as_str().is_some_and(|subject| subject.starts_with(|first: char| first.is_ascii_digit()))
}

/// Lets SES refuse all codes, or everything else.
fn refuse(ses: &Proxy, codes: bool) {
    let throttled = Fault::Before(End::Error(429, "TooManyRequestsException"));
    ses.decide(move |call| (is_code(call) == codes).then_some(throttled));
}

/// Returns the emails after the first `before`, as soon as there are `count` of them.
async fn sent_soon(product: &Product, before: usize, count: usize) -> Vec<Email> {
    let sent = async {
        while product.stack.sent_emails().len() < before + count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, sent).await.expect("the emails are sent soon");
    product.stack.sent_emails().split_off(before)
}

fn kinds(emails: &[Email]) -> Vec<EmailKind> {
    let mut kinds: Vec<_> = emails.iter().map(EmailKind::of).collect();
    kinds.sort();
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_notices_does_not_delay_a_code() {
    with_ses(async |product, ses, john, [work, first]| {
        refuse(ses, false);
        let before = product.stack.sent_emails().len();
        for _ in 0..4 {
            product.prefer(john, &work).await.acknowledged();
            product.prefer(john, &first).await.acknowledged();
        }
        product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        assert_eq!(kinds(&sent_soon(product, before, 1).await), [EmailKind::Code]);
        // The notices were not lost.
        ses.mend();
        assert_eq!(product.sent_emails().await.len() - before, 1 + 2 * 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_ses_refuses_do_not_delay_a_notice() {
    with_ses(async |product, ses, john, [work, _]| {
        refuse(ses, true);
        let before = product.stack.sent_emails().len();
        product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        product.prefer(john, &work).await.acknowledged();
        let sent = sent_soon(product, before, 2).await;
        assert_eq!(kinds(&sent), [EmailKind::AddressPreferred, EmailKind::NoLongerPreferred]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_leave_after_an_outage_of_an_hour_and_codes_do_not() {
    with_ses(async |product, ses, john, [work, _]| {
        ses.decide(|_| Some(Fault::Before(End::Error(503, "ServiceUnavailable"))));
        let before = product.stack.sent_emails().len();
        product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        product.prefer(john, &work).await.acknowledged();
        product.pass(Duration::from_hours(1));
        // The lane of codes gives its record up without a call of SES, the other one keeps trying.
        tokio::time::sleep(Duration::from_millis(500)).await;
        ses.mend();
        let sent = product.sent_emails().await.split_off(before);
        assert_eq!(kinds(&sent), [EmailKind::AddressPreferred, EmailKind::NoLongerPreferred]);
        let items = product.items().await;
        let unsent: Vec<_> = items.iter().filter(|item| item.text("sk") == "NOTICE" && !item.has("mailedAt")).collect();
        assert_eq!(unsent, Vec::<&_>::new());
    })
    .await;
}

/// A notice is worth sending for a day, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_given_up_after_a_day() {
    with_ses(async |product, ses, john, [work, _]| {
        ses.decide(|_| Some(Fault::Before(End::Error(503, "ServiceUnavailable"))));
        let before = product.stack.sent_emails().len();
        product.prefer(john, &work).await.acknowledged();
        product.pass(Duration::from_hours(24));
        // The attempt that had begun has failed by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        ses.mend();
        assert_eq!(product.sent_emails().await.len(), before);
    })
    .await;
}
