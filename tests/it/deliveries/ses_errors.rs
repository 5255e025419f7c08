//! Every error of SES and every way in which it can fail to respond, with the resulting handling of
//! the email.

use std::time::Duration;

use super::{
    assert_sent, deliver, deliver_to, mark_unsent, once, only_to, record, records, remove_marks, waiting, with_faults,
};
use crate::support::{EmailKind, End, Fault, Product, counted, log_lines};

/// How a failed email is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handling {
    /// Its record is retried until the code expires, and then moves to the dead-kind queue.
    Retried,
    /// The email is given up, and does not delay those after it.
    GivenUp,
}
use Handling::{GivenUp, Retried};

/// The errors that the API reference of SES lists for `SendEmail`, with their status and handling.
/// The SDK's type for them is non-exhaustive, so this list cannot be checked against it. An error
/// that is missing here is retried, as [`UNMODELLED`] shows.
const ERRORS: &[(&str, u16, Handling)] = &[
    ("AccountSuspendedException", 400, Retried),
    ("BadRequestException", 400, GivenUp),
    ("LimitExceededException", 400, Retried),
    ("MailFromDomainNotVerifiedException", 400, Retried),
    ("MessageRejected", 400, Retried),
    ("NotFoundException", 404, Retried),
    ("SendingPausedException", 400, Retried),
    ("TooManyRequestsException", 429, Retried),
];

/// Errors that every AWS service can return, and one that does not exist yet.
const UNMODELLED: &[(&str, u16, Handling)] = &[
    ("AccessDeniedException", 403, Retried),
    ("ExpiredTokenException", 403, Retried),
    ("InvalidSignatureException", 403, Retried),
    ("RequestTimeout", 408, Retried),
    ("ServiceUnavailable", 503, Retried),
    ("SomethingNewException", 400, Retried),
    ("Throttling", 400, Retried),
    ("ThrottlingException", 429, Retried),
    ("UnrecognizedClientException", 403, Retried),
];

/// Returns whether the item of a code is marked as sent, and whether it is leased.
async fn progress(product: &Product, id: &str) -> (bool, bool) {
    let items = product.items().await;
    let item = items.iter().find(|item| item.text("verificationCodeID") == id).expect("a verification");
    (item.has("mailedAt"), item.has("leasedUntil"))
}

async fn assert_handling_of(errors: &[(&'static str, u16, Handling)]) {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 3).await;
        let batch = records(&waiting);
        let second = &waiting[1];
        for &(code, status, handling) in errors {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            ses.decide(only_to(&second.address, Fault::Before(End::Error(status, code))));
            let retried = deliver(product, &batch).await;
            ses.mend();
            assert_eq!(retried, (handling == Retried).then_some(1), "{code}");
            // Either the lease is released at once, so that the retry need not wait for it, or the
            // email is marked as sent, so that it is not retried.
            assert_eq!(progress(product, &second.requested.id).await, (handling == GivenUp, false), "{code}");
            assert_sent(product, before, waiting.iter().zip([1, 0, 1]));
            assert_eq!(deliver(product, &batch[retried.unwrap_or_default()..]).await, None, "{code}");
            let expected = if handling == Retried { [1, 1, 1] } else { [1, 0, 1] };
            assert_sent(product, before, waiting.iter().zip(expected));
            let (why, counts) = match handling {
                Retried => ("will be retried", "MailsDelayed"),
                GivenUp => ("undeliverable", "MailsUndeliverable"),
            };
            let parts = [why, &format!("SES: {code}"), &format!("metric=\"{counts}\"")];
            let is_complete = |line: &String| parts.iter().all(|part| line.contains(part));
            assert!(log_lines().iter().any(is_complete), "{code}: the log does not contain the reason");
        }
        product.verify_session(&second.requested.id, &second.code).await.acknowledged();
    })
    .await;
    counted(format_args!("{} errors of SES", errors.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_error_of_ses_is_handled() {
    assert_handling_of(ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undocumented_error_of_ses_is_retried() {
    assert_handling_of(UNMODELLED).await;
}

/// As with a code, the next attempt need not wait for the lease to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_ses_cannot_send_yet_releases_its_lease_at_once() {
    with_faults(async |product, ses, _| {
        let john = product.sign_up("john@doe.net", "johny").await;
        product.add_email(&john, "john@work.example").await;
        product.stack.delivered().await;
        let items = product.items().await;
        let notice = items.iter().find(|item| item.text("sk") == "NOTICE").expect("a notice");
        let batch = [record(&notice.image(), 0)];
        remove_marks(product, notice.text("pk"), "NOTICE").await;
        let before = product.sent_emails().await.len();
        ses.decide(only_to("john@doe.net", Fault::Before(End::Error(400, "SendingPausedException"))));
        assert_eq!(deliver_to("send-notices", product, &batch).await, Some(0));
        assert_eq!(product.sent_emails().await.len(), before);
        ses.mend();
        assert_eq!(deliver_to("send-notices", product, &batch).await, None);
        let emails = product.sent_emails().await.split_off(before);
        assert_eq!(emails.iter().map(|email| email.to.join(",")).collect::<Vec<_>>(), ["john@doe.net"]);
    })
    .await;
}

/// Such an error is for the operator to fix, so the email is retried until its code expires. Then
/// the other emails are sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_email_delays_others_only_until_its_code_expires() {
    with_faults(async |product, ses, _| {
        ses.decide(only_to("john@doe.net", Fault::Before(End::Error(400, "SendingPausedException"))));
        product.ask_to_sign_up("john@doe.net", "johny").await.expect(202);
        product.pass(Duration::from_mins(8));
        let jane = product.ask_to_sign_up("jane@doe.net", "jane").await.expect(202);
        product.pass(Duration::from_mins(3));
        let emails = product.sent_emails().await;
        let sent: Vec<_> = emails.iter().map(|email| (email.to.join(","), EmailKind::of(email))).collect();
        assert_eq!(sent, [("jane@doe.net".to_owned(), EmailKind::Code)]);
        let code = product.newest_code("jane@doe.net").await;
        product.verify_session(&jane.text("verificationCodeID"), &code).await.acknowledged();
    })
    .await;
}

/// All emails are sent in the end, although SES throttles three of four requests.
#[tokio::test(flavor = "multi_thread")]
async fn throttling_by_ses_delays_emails_and_each_is_sent_once() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 4).await;
        let before = product.sent_emails().await.len();
        let mut calls = 0;
        ses.decide(move |_| {
            calls += 1;
            (calls % 4 != 0).then_some(Fault::Before(End::Error(429, "TooManyRequestsException")))
        });
        let (batch, mut next) = (records(&waiting), 0);
        for turn in 0.. {
            match deliver(product, &batch[next..]).await {
                None => break,
                Some(position) => next += position,
            }
            assert!(turn < 20, "the retries do not end");
        }
        assert_sent(product, before, once(&waiting));
    })
    .await;
}
