//! DynamoDB fails at each of the calls that an email needs.

use std::time::Duration;

use super::{assert_sent, deliver_until_done, mark_unsent, only_to, records, waiting, with_faults};
use crate::support::{Call, End, Fault, counted};

/// A call of DynamoDB, identified by its key and expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableCall {
    /// Reads whether the address is suppressed.
    Suppression,
    /// Reads the owner of the address.
    Owner,
    /// Acquires the lease.
    Lease,
    /// Marks the email as sent.
    Mark,
    /// Releases the lease, because SES has rejected the email for now.
    Release,
}

impl TableCall {
    fn of(call: &Call) -> Option<Self> {
        match call.change() {
            "" if call.key().starts_with("SUPPRESSION#") => Some(Self::Suppression),
            "" if call.key().starts_with("ADDRESS#") => Some(Self::Owner),
            "" => None,
            release if release.starts_with("REMOVE #leasedUntil") => Some(Self::Release),
            mark if mark.starts_with("SET #mailedAt") => Some(Self::Mark),
            lease if lease.starts_with("SET #leasedUntil") => Some(Self::Lease),
            other => panic!("an unknown call of `send-mail`: {other}"),
        }
    }
}

/// The ways in which DynamoDB fails.
const FAULTS: [Fault; 7] = [
    Fault::Before(End::Error(400, "ThrottlingException")),
    Fault::Before(End::Error(400, "ProvisionedThroughputExceededException")),
    Fault::Before(End::Error(500, "InternalServerError")),
    Fault::Before(End::Error(503, "ServiceUnavailable")),
    Fault::After(End::Error(500, "InternalServerError")),
    Fault::Before(End::Reset),
    Fault::After(End::Reset),
];

/// The number of attempts that the SDK makes.
const SDK_ATTEMPTS: usize = 3;

/// The number of emails sent in the end when all attempts of a call fail.
fn total_sent(at: TableCall, fault: Fault) -> usize {
    let done = matches!(fault, Fault::After(_));
    // The email was sent but could not be marked, so it is sent again when its lease has ended.
    if at == TableCall::Mark && !done { 2 } else { 1 }
}

/// Makes this many attempts of a call fail for the second of three emails.
async fn test_failing_call(at: TableCall, attempts: usize) {
    with_faults(async |product, ses, table| {
        let waiting = waiting(product, 3).await;
        let second = &waiting[1];
        for fault in FAULTS {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            let address = &second.address;
            let code = format!("CODE#{}", second.requested.id);
            let keys = [code, format!("ADDRESS#{address}"), format!("SUPPRESSION#{address}")];
            let mut left = attempts;
            table.decide(move |call| {
                let matches = left > 0 && keys.iter().any(|key| call.key() == key) && TableCall::of(call) == Some(at);
                left -= usize::from(matches);
                matches.then_some(fault)
            });
            if at == TableCall::Release {
                let rejects = only_to(&second.address, Fault::Before(End::Error(400, "SendingPausedException")));
                let mut is_first = true;
                ses.decide(move |call| {
                    let fault = rejects(call).filter(|_| is_first);
                    is_first &= fault.is_none();
                    fault
                });
            }
            let elapsed = deliver_until_done(product, &records(&waiting)).await;
            // The SDK's next attempt succeeds, even if the table executed the first one. Only a
            // lease that is left behind has to expire.
            let longest = if attempts < SDK_ATTEMPTS && at != TableCall::Release { 0 } else { 40 };
            assert!(elapsed <= Duration::from_secs(longest), "{fault:?}: {elapsed:?}");
            let times = if attempts < SDK_ATTEMPTS { 1 } else { total_sent(at, fault) };
            assert_sent(product, before, waiting.iter().zip([1, times, 1]));
            table.mend();
            ses.mend();
        }
        for one in &waiting {
            product.verify_session(&one.requested.id, &one.code).await.acknowledged();
        }
    })
    .await;
    counted(format_args!("{} faults of the table at {at:?}, for {attempts} attempts", FAULTS.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_sent_once_when_reading_the_address_owner_fails() {
    test_failing_call(TableCall::Owner, 1).await;
    test_failing_call(TableCall::Owner, SDK_ATTEMPTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_sent_once_when_reading_the_suppression_fails() {
    test_failing_call(TableCall::Suppression, 1).await;
    test_failing_call(TableCall::Suppression, SDK_ATTEMPTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_sent_once_when_acquiring_its_lease_fails() {
    test_failing_call(TableCall::Lease, 1).await;
    test_failing_call(TableCall::Lease, SDK_ATTEMPTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_sent_at_most_twice_when_marking_it_as_sent_fails() {
    test_failing_call(TableCall::Mark, 1).await;
    test_failing_call(TableCall::Mark, SDK_ATTEMPTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_sent_once_when_releasing_its_lease_fails() {
    test_failing_call(TableCall::Release, 1).await;
    test_failing_call(TableCall::Release, SDK_ATTEMPTS).await;
}
