//! DynamoDB fails at each of the calls that a mail needs.

use std::time::Duration;

use super::{assert_mailed, deliver_until_done, only_to, records, unmail, waiting, with_faults};
use crate::support::{Call, End, Fault, counted};

/// Which call it is, by its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Does the address get mail?
    Suppression,
    /// Who has it?
    Owner,
    /// The mail is leased.
    Lease,
    /// It is marked as sent.
    Mark,
    /// It is given back, as SES would not take it.
    Release,
}

impl At {
    fn of(call: &Call) -> Option<Self> {
        match call.change() {
            "" if call.key().starts_with("SUPPRESSION#") => Some(Self::Suppression),
            "" if call.key().starts_with("ADDRESS#") => Some(Self::Owner),
            "" => None,
            "REMOVE #leasedUntil" => Some(Self::Release),
            mark if mark.starts_with("SET #mailedAt") => Some(Self::Mark),
            lease if lease.starts_with("SET #leasedUntil") => Some(Self::Lease),
            other => panic!("a call that mails did not need so far: {other}"),
        }
    }
}

/// How DynamoDB fails.
const FAULTS: [Fault; 7] = [
    Fault::Before(End::Error(400, "ThrottlingException")),
    Fault::Before(End::Error(400, "ProvisionedThroughputExceededException")),
    Fault::Before(End::Error(500, "InternalServerError")),
    Fault::Before(End::Error(503, "ServiceUnavailable")),
    Fault::After(End::Error(500, "InternalServerError")),
    Fault::Before(End::Reset),
    Fault::After(End::Reset),
];

/// How often the SDK tries a call.
const TRIES: usize = 3;

/// How many mails there are in the end when a call fails for as long as the function tries it.
fn mails(at: At, fault: Fault) -> usize {
    let done = matches!(fault, Fault::After(_));
    // It was sent, and nobody could write that down: the lease ends, and it is sent again.
    if at == At::Mark && !done { 2 } else { 1 }
}

/// So many tries of a call fail when it comes to it in the second of three mails.
async fn fails(at: At, tries: usize) {
    with_faults(async |product, ses, table| {
        let waiting = waiting(product, 3).await;
        let second = &waiting[1];
        for fault in FAULTS {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            let address = &second.address;
            let code = format!("CODE#{}", second.asked.id);
            let keys = [code, format!("ADDRESS#{address}"), format!("SUPPRESSION#{address}")];
            let mut left = tries;
            table.decide(move |call| {
                let fails = left > 0 && keys.iter().any(|key| call.key() == key) && At::of(call) == Some(at);
                left -= usize::from(fails);
                fails.then_some(fault)
            });
            if at == At::Release {
                let refuses = only_to(&second.address, Fault::Before(End::Error(400, "SendingPausedException")));
                let mut is_first = true;
                ses.decide(move |call| {
                    let fault = refuses(call).filter(|_| is_first);
                    is_first &= fault.is_none();
                    fault
                });
            }
            let time = deliver_until_done(product, &records(&waiting)).await;
            // A lease that nobody could end ends by itself.
            assert!(time <= Duration::from_secs(40), "{fault:?}: {time:?}");
            let times = if tries < TRIES { 1 } else { mails(at, fault) };
            assert_mailed(product, before, waiting.iter().zip([1, times, 1]));
            table.mend();
            ses.mend();
        }
        for one in &waiting {
            product.verify_session(&one.asked.id, &one.code).await.acknowledged();
        }
    })
    .await;
    counted(format_args!("{} faults of the table at {at:?}, for {tries} tries", FAULTS.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_once_though_nobody_can_say_whose_the_address_is() {
    fails(At::Owner, 1).await;
    fails(At::Owner, TRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_once_though_nobody_can_say_whether_the_address_gets_any() {
    fails(At::Suppression, 1).await;
    fails(At::Suppression, TRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_once_though_it_cannot_be_leased() {
    fails(At::Lease, 1).await;
    fails(At::Lease, TRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_twice_at_most_if_nobody_can_write_down_that_it_was_sent() {
    fails(At::Mark, 1).await;
    fails(At::Mark, TRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_once_though_it_cannot_be_given_back() {
    fails(At::Release, 1).await;
    fails(At::Release, TRIES).await;
}
