//! The function dies at each step of sending an email, and another invocation takes over.

use std::time::Duration;

use mail::Consumer;
use send_mail::SendMail;
use serde_json::{Value, json, value::to_raw_value};
use shared::Config;

use super::{assert_sent, deliver, deliver_until_done, mark_unsent, once, records, waiting, with_faults};
use crate::support::{Call, End, Fault, Product, Proxy, counted};

/// The duration of a lease.
const LEASE: Duration = Duration::from_secs(30);

/// Starts to process a batch, and dies as soon as a service does not respond.
async fn die_waiting_for(service: &Proxy, product: &Product, batch: &[Value]) {
    let environment = product.stack.environment("send-mail").expect("the function's environment").clone();
    let config = Config::from_variables(&|name| environment.get(name).cloned()).expect("a valid environment");
    let function = SendMail::new(&config).expect("a function");
    let (event, clock) = (to_raw_value(&json!({"Records": batch})).expect("an event"), product.stack.clock().clone());
    let task = tokio::spawn(async move { mail::handle(&function, &|| clock.now(), &event).await });
    service.silence().await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()), "the function was not stopped");
    service.mend();
}

fn is_lease(call: &Call) -> bool {
    call.change().starts_with("SET #leasedUntil")
}

fn is_mark(call: &Call) -> bool {
    call.change().starts_with("SET #mailedAt")
}

/// A name, the call at which the function dies, the fault of that call, the number of emails sent
/// in the end, and whether a lease is left.
type Crash = (&'static str, fn(&Call) -> bool, Fault, usize, bool);

const CRASHES: [Crash; 5] = [
    (
        "before it reads the owner of the address",
        |call| call.operation == "GetItem",
        Fault::Before(End::Silence),
        1,
        false,
    ),
    ("before it acquires the lease", is_lease, Fault::Before(End::Silence), 1, false),
    ("after it acquired the lease", is_lease, Fault::After(End::Silence), 1, true),
    ("after it sent the email", is_mark, Fault::Before(End::Silence), 2, true),
    ("after it marked the email as sent", is_mark, Fault::After(End::Silence), 1, false),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_table_call_sends_the_same_email_once_or_twice() {
    with_faults(async |product, _, table| {
        let waiting = waiting(product, 2).await;
        let batch = records(&waiting);
        for (name, dies_at, fault, times, leased) in CRASHES {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            table.decide(move |call| dies_at(call).then_some(fault));
            die_waiting_for(table, product, &batch).await;
            // Lambda retries the batch at once, and repeats the retry while a lease is left.
            assert_eq!(deliver(product, &batch).await, leased.then_some(0), "{name}");
            product.pass(LEASE);
            assert_eq!(deliver(product, &batch).await, None, "{name}");
            assert_sent(product, before, waiting.iter().zip([times, 1]));
        }
    })
    .await;
    counted(format_args!("{} steps at which `send-mail` dies at a call of the table", CRASHES.len()));
}

/// SES may or may not have accepted the email.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_during_a_call_of_ses_sends_the_same_email_once_or_twice() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 2).await;
        let batch = records(&waiting);
        let crashes = [(Fault::Before(End::Silence), 1), (Fault::After(End::Silence), 2)];
        for (fault, times) in crashes {
            mark_unsent(product, &waiting).await;
            let before = product.sent_emails().await.len();
            ses.decide(move |_| Some(fault));
            die_waiting_for(ses, product, &batch).await;
            assert!(deliver_until_done(product, &batch).await <= LEASE, "{fault:?}");
            assert_sent(product, before, waiting.iter().zip([times, 1]));
        }
        counted(format_args!("{} ways in which `send-mail` dies during a call of SES", crashes.len()));
        product.verify_session(&waiting[0].requested.id, &waiting[0].code).await.acknowledged();
    })
    .await;
}

/// The lease protects an invocation that is merely slow from a second one.
#[tokio::test(flavor = "multi_thread")]
async fn a_leased_email_is_not_sent_again_until_its_lease_ends() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 1).await;
        let batch = records(&waiting);
        let before = product.sent_emails().await.len();
        ses.decide(|_| Some(Fault::Before(End::Silence)));
        die_waiting_for(ses, product, &batch).await;
        product.pass(LEASE / 2);
        assert_eq!(deliver(product, &batch).await, Some(0));
        assert_sent(product, before, []);
        product.pass(LEASE / 2);
        assert_eq!(deliver(product, &batch).await, None);
        assert_sent(product, before, once(&waiting));
    })
    .await;
}
