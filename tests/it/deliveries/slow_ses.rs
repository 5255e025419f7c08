//! SES does not respond in time, or not at all: whether it accepted the email is unknown, so the
//! attempts are bounded.

use std::time::Duration;

use super::{assert_sent, deliver, once, only_to, records, waiting, with_faults};
use crate::support::{End, Fault, counted, log_lines};

/// The duration of a lease.
const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn an_email_without_a_response_is_sent_at_most_three_times() {
    with_faults(async |product, ses, _| {
        let faults = [
            Fault::After(End::Reset),
            Fault::After(End::Half),
            Fault::After(End::Error(500, "InternalFailure")),
            Fault::After(End::Error(502, "BadGateway")),
            Fault::After(End::Error(504, "GatewayTimeout")),
        ];
        for fault in faults {
            let waiting = waiting(product, 3).await;
            let batch = records(&waiting);
            let before = product.sent_emails().await.len();
            ses.decide(only_to(&waiting[1].address, fault));
            // 18 leases, 9 of the 10 minutes that the codes are valid.
            for _ in 0..18 {
                deliver(product, &batch).await;
                deliver(product, &batch).await;
                product.pass(LEASE);
            }
            ses.mend();
            assert_eq!(deliver(product, &batch).await, None, "{fault:?}");
            assert_sent(product, before, waiting.iter().zip([1, 3, 1]));
            let is_reported = |line: &String| line.contains("undeliverable") && line.contains("may have been sent");
            assert!(log_lines().iter().any(is_reported), "{fault:?}");
            product.pass(Duration::from_hours(24));
        }
        counted(format_args!("{} ways in which SES does not respond, until the code expires", faults.len()));
    })
    .await;
}

/// The retry waits for the end of the lease: SES may still be working on the first attempt.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_keeps_its_lease() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 2).await;
        let batch = records(&waiting);
        let before = product.sent_emails().await.len();
        ses.decide(only_to(&waiting[0].address, Fault::Before(End::Reset)));
        assert_eq!(deliver(product, &batch).await, Some(0));
        ses.mend();
        assert_eq!(deliver(product, &batch).await, Some(0));
        assert_sent(product, before, once(&waiting[1..]));
        product.pass(LEASE);
        assert_eq!(deliver(product, &batch).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_after_several_seconds_is_awaited() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 1).await;
        let before = product.sent_emails().await.len();
        ses.decide(|_| Some(Fault::Slow(Duration::from_millis(3500))));
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

/// Nothing was sent if no connection was opened: the retry need not wait, and does not count.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_or_request_does_not_count_as_an_attempt() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 1).await;
        let before = product.sent_emails().await.len();
        ses.decide(|_| Some(Fault::Before(End::Error(503, "ServiceUnavailable"))));
        for _ in 0..5 {
            assert_eq!(deliver(product, &records(&waiting)).await, Some(0));
        }
        ses.mend();
        assert_eq!(deliver(product, &records(&waiting)).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}

/// Each email before this one takes nine seconds of the lease that the batch's start would give it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_begins_when_it_is_written() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 4).await;
        let batch = records(&waiting);
        let clock = product.stack.clock().clone();
        let last = only_to(&waiting[3].address, Fault::Before(End::Reset));
        ses.decide(move |call| {
            clock.advance(Duration::from_secs(9));
            last(call)
        });
        assert_eq!(deliver(product, &batch).await, Some(3));
        ses.mend();
        let items = product.items().await;
        let id = &waiting[3].requested.id;
        let item = items.iter().find(|item| item.text("verificationCodeID") == id).expect("a verification");
        let left = item.number("leasedUntil").expect("a lease") - product.stack.clock().now().seconds();
        assert!((19..=21).contains(&left), "{left} s left nine seconds after the lease was written");
    })
    .await;
}
