//! A function dies in the middle of what it does: at every call of DynamoDB, at every point where it waits, and with its whole process.
//! What it did is then done or was never begun, and whoever tries again ends well.

mod function;
mod journey;
mod process;

use std::{
    future::poll_fn,
    pin::Pin,
    process::Child,
    task::Poll::{Pending, Ready},
};

use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use shared::{App, Config, Endpoint};

use crate::{
    faults::{
        matrix::{happy_end, on_a_product_of_its_own},
        stories::{Prepared, Story},
    },
    support::{Answer, Contents, End, Fault, Person, Product, Proxy, counted},
};

/// As many products at once as keep two cores busy.
const AT_ONCE: usize = 3;

/// A function that handles one event in this process, so that it can be dropped as a process that dies would drop it.
type Handling = Pin<Box<dyn Future<Output = Answer>>>;

fn handling(product: &Product, story: Story, event: Box<RawValue>) -> Handling {
    match story.function() {
        "check-session" => begin::<check_session::CheckSession>(product, event),
        "close-session" => begin::<close_session::CloseSession>(product, event),
        "create-email" => begin::<create_email::CreateEmail>(product, event),
        "create-session" => begin::<create_session::CreateSession>(product, event),
        "create-user" => begin::<create_user::CreateUser>(product, event),
        "delete-email" => begin::<delete_email::DeleteEmail>(product, event),
        "extend-session" => begin::<extend_session::ExtendSession>(product, event),
        "get-user" => begin::<get_user::GetUser>(product, event),
        "list-emails" => begin::<list_emails::ListEmails>(product, event),
        "list-sessions" => begin::<list_sessions::ListSessions>(product, event),
        "prefer-email" => begin::<prefer_email::PreferEmail>(product, event),
        "resend-email-code" => begin::<resend_email_code::ResendEmailCode>(product, event),
        "verify-email" => begin::<verify_email::VerifyEmail>(product, event),
        "verify-session" => begin::<verify_session::VerifySession>(product, event),
        other => panic!("no such function: {other}"),
    }
}

fn begin<E: Endpoint>(product: &Product, event: Box<RawValue>) -> Handling {
    let environment = product.stack.environment(E::NAME).expect("a function");
    let config = Config::from_variables(&|name| environment.get(name).cloned()).expect("its environment");
    let now = product.stack.clock().now();
    Box::pin(async move {
        let app = App::new(config);
        let response = shared::respond::<E>(&app, now, &event).await;
        Answer::of_function(&serde_json::to_value(&response).expect("JSON"))
    })
}

/// A product on which a story is told again and again, and what changes each time.
struct Stage<'a> {
    story: Story,
    product: &'a Product,
    proxy: &'a Proxy,
    person: Option<Person>,
    happy: Vec<String>,
}

impl Stage<'_> {
    async fn set<T: Default>(story: Story, test: impl AsyncFnOnce(&Stage<'_>) -> T) -> T {
        let mut result = T::default();
        on_a_product_of_its_own(story, async |product, proxy| {
            let person = story.begin(product).await;
            let happy = happy_end(story, product, proxy, person.as_ref()).await;
            result = test(&Stage { story, product, proxy, person, happy }).await;
        })
        .await;
        result
    }

    async fn prepare(&self) -> (Prepared, Contents) {
        (self.story.prepare(self.product, self.person.as_ref()).await, self.product.contents().await)
    }

    fn handling(&self, prepared: &Prepared) -> Handling {
        handling(self.product, self.story, prepared.ask.event())
    }

    /// The function is dead. Nothing was left half done; and the client, who heard nothing, asks again. Whether it was done.
    async fn ends_well(&self, prepared: &Prepared, before: &Contents, said: &str) -> bool {
        let Self { story, product, proxy, happy, .. } = self;
        proxy.hang_up().await;
        let after = product.contents().await;
        let changes = after.since(before);
        let done = !happy.is_empty() && changes == *happy;
        assert!(done || changes.is_empty(), "{said}: half of it was done: {changes:#?}");
        product.check_invariants_of(&after);
        let again = product.send(prepared.ask.request(product)).await;
        assert_eq!(again.status, if done { story.again() } else { story.happy() }, "{said}: {}", again.body);
        story.ends_well(product, prepared, &again).await;
        done
    }
}

/// Tells each of these stories on a stage of its own. How often one of them came to a sudden end.
async fn each_of(stories: impl IntoIterator<Item = Story>, test: impl AsyncFn(&Stage<'_>) -> usize) -> usize {
    let told = |story| Box::pin(Stage::set(story, async |stage| Box::pin(test(stage)).await));
    let ends: Vec<_> = stream::iter(stories.into_iter().map(told)).buffer_unordered(AT_ONCE).collect().await;
    ends.into_iter().sum()
}

/// A process, until it is killed or nobody needs it any more.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().expect("it lives");
        let status = self.0.wait().expect("it is dead");
        assert!(!status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Before DynamoDB hears of a call, and after it has done it.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_at_a_call_leaves_nothing_half_done() {
    let deaths = each_of(Story::ALL, async |stage| {
        let mut deaths = 0;
        for site in stage.story.calls().0 {
            for fault in [Fault::Before(End::Silence), Fault::After(End::Silence)] {
                let said = format!("{:?} dies at {site}: {fault:?}", stage.story);
                let (prepared, before) = stage.prepare().await;
                stage.proxy.set_trap(site, fault, 1);
                tokio::select! {
                    answer = stage.handling(&prepared) => panic!("{said}: answered {answer:?}"),
                    () = stage.proxy.silence() => {}
                }
                assert_eq!(stage.proxy.take_trap().len(), 1);
                let done = stage.ends_well(&prepared, &before, &said).await;
                let reached = matches!(fault, Fault::After(_));
                assert_eq!(done, reached && *site == "TransactWriteItems", "{said}");
                deaths += 1;
            }
        }
        deaths
    })
    .await;
    counted(format_args!("{deaths} handlers dropped at a call"));
}

/// After its future was polled so many times: wherever it waits, and for whatever.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_wherever_it_waits_leaves_nothing_half_done() {
    let deaths = each_of(Story::ALL, async |stage| {
        let (mut polls, mut deaths) = (0, 0);
        loop {
            let said = format!("{:?} dies after {polls} polls", stage.story);
            let (prepared, before) = stage.prepare().await;
            if let Some(answer) = polled(stage.handling(&prepared), polls).await {
                assert_eq!(answer.status, stage.story.happy(), "{said}: {}", answer.body);
                stage.ends_well(&prepared, &before, &said).await;
                return deaths;
            }
            stage.ends_well(&prepared, &before, &said).await;
            deaths += 1;
            // On a busy machine there are more of them, with less in between.
            polls += 1 + polls / 8;
        }
    })
    .await;
    // One alone may never be seen to wait: on a busy machine the answer of DynamoDB can be there before it is looked for.
    assert!(deaths >= 3 * Story::ALL.len(), "{deaths}");
    counted(format_args!("{deaths} handlers dropped where they wait"));
}

/// Polls so many times at most, and then drops the future.
async fn polled(mut handling: Handling, polls: usize) -> Option<Answer> {
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Ready(None);
        }
        left -= 1;
        match handling.as_mut().poll(context) {
            Ready(answer) => Ready(Some(answer)),
            Pending if left == 0 => Ready(None),
            Pending => Pending,
        }
    })
    .await
}
