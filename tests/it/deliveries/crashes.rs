//! The function dies at each moment of a mail's way, and another one takes over.

use std::time::Duration;

use send_mail::SendMail;
use serde_json::{Value, json, value::to_raw_value};
use shared::Config;

use super::{assert_mailed, deliver, deliver_until_done, once, records, unmail, waiting, with_faults};
use crate::support::{Call, End, Fault, Product, Proxy, counted};

/// How long a mail is leased.
const LEASE: Duration = Duration::from_secs(30);

/// Begins with a batch and dies as soon as somebody leaves it without an answer.
async fn die_waiting_for(service: &Proxy, product: &Product, batch: &[Value]) {
    let environment = product.stack.environment("send-mail").expect("a function of that name").clone();
    let config = Config::from_variables(&|name| environment.get(name).cloned()).expect("what a function needs");
    let function = SendMail::new(&config).expect("a function");
    let (event, now) = (to_raw_value(&json!({"Records": batch})).expect("an event"), product.stack.clock().now());
    let life = tokio::spawn(async move { function.handle(now, &event).await });
    service.silence().await;
    life.abort();
    assert!(life.await.is_err_and(|end| end.is_cancelled()), "it lived on");
    service.mend();
}

fn is_lease(call: &Call) -> bool {
    call.change().starts_with("SET #leasedUntil")
}

fn is_mark(call: &Call) -> bool {
    call.change().starts_with("SET #mailedAt")
}

/// A moment, the call at which the function dies, what becomes of that, how often the mail comes in all, and whether a lease is left.
type Moment = (&'static str, fn(&Call) -> bool, Fault, usize, bool);

const MOMENTS: [Moment; 5] = [
    ("before it asks whose the address is", |call| call.operation == "GetItem", Fault::Before(End::Silence), 1, false),
    ("before it has the lease", is_lease, Fault::Before(End::Silence), 1, false),
    ("when it has the lease", is_lease, Fault::After(End::Silence), 1, true),
    ("when the mail is out", is_mark, Fault::Before(End::Silence), 2, true),
    ("when it has written down that the mail is out", is_mark, Fault::After(End::Silence), 1, false),
];

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_function_dies_the_mail_comes_once_or_the_same_one_twice() {
    with_faults(async |product, _, table| {
        let waiting = waiting(product, 2).await;
        let batch = records(&waiting);
        for (moment, dies_at, fault, times, leased) in MOMENTS {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            table.decide(move |call| dies_at(call).then_some(fault));
            die_waiting_for(table, product, &batch).await;
            // Lambda brings the batch again at once; what somebody has in hand, again and again.
            assert_eq!(deliver(product, &batch).await, leased.then_some(0), "{moment}");
            product.pass(LEASE);
            assert_eq!(deliver(product, &batch).await, None, "{moment}");
            assert_mailed(product, before, waiting.iter().zip([times, 1]));
        }
    })
    .await;
    counted(format_args!("{} moments of the mailer to die at a call of the table", MOMENTS.len()));
}

/// At SES's door: the mail may be inside or not.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_function_dies_while_it_mails_the_mail_comes_once_or_the_same_one_twice() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 2).await;
        let batch = records(&waiting);
        let moments = [(Fault::Before(End::Silence), 1), (Fault::After(End::Silence), 2)];
        for (fault, times) in moments {
            unmail(product, &waiting).await;
            let before = product.mails().await.len();
            ses.decide(move |_| Some(fault));
            die_waiting_for(ses, product, &batch).await;
            assert!(deliver_until_done(product, &batch).await <= LEASE, "{fault:?}");
            assert_mailed(product, before, waiting.iter().zip([times, 1]));
        }
        counted(format_args!("{} moments of the mailer to die at SES's door", moments.len()));
        product.verify_session(&waiting[0].asked.id, &waiting[0].code).await.acknowledged();
    })
    .await;
}

/// Nobody takes a mail out of the hands of somebody who is merely slow.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_somebody_has_in_hand_is_nobody_else_s_until_its_lease_ends() {
    with_faults(async |product, ses, _| {
        let waiting = waiting(product, 1).await;
        let batch = records(&waiting);
        let before = product.mails().await.len();
        ses.decide(|_| Some(Fault::Before(End::Silence)));
        die_waiting_for(ses, product, &batch).await;
        product.pass(LEASE / 2);
        assert_eq!(deliver(product, &batch).await, Some(0));
        assert_mailed(product, before, []);
        product.pass(LEASE / 2);
        assert_eq!(deliver(product, &batch).await, None);
        assert_mailed(product, before, once(&waiting));
    })
    .await;
}
