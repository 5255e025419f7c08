//! A function's program, as Lambda runs it, killed (SIGKILL) at each of its calls: what a function that is dropped can still do,
//! this one can't.

use std::{
    future::pending,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, value::RawValue};
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        oneshot::{Receiver, Sender, channel},
    },
    time::timeout,
};

use super::{Process, Stage, each_of};
use crate::{
    faults::stories::Story,
    support::{End, Fault, counted},
};

/// One of each kind of write, and of what comes before it.
const STORIES: [Story; 7] = [
    Story::VerifySignUp,
    Story::VerifySignIn,
    Story::VerifyEmail,
    Story::CloseSession,
    Story::CloseAnotherSession,
    Story::CreateUser,
    Story::DeleteEmail,
];

/// Lambda's Runtime API: it has one event, and takes one answer.
struct Lambda {
    event: Mutex<Option<Box<RawValue>>>,
    answer: Mutex<Option<Sender<Value>>>,
}

/// The program of a function, with an event to handle.
struct Function {
    process: Process,
    answer: Receiver<Value>,
}

impl Function {
    async fn start(stage: &Stage<'_>, event: Box<RawValue>) -> Self {
        let (sender, answer) = channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let api = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/1/response", post(answered))
            .with_state(Arc::new(Lambda { event: Mutex::new(Some(event)), answer: Mutex::new(Some(sender)) }));
        tokio::spawn(async move { axum::serve(listener, api).await });
        let function = stage.story.function();
        let child = Command::new(env!("CARGO_BIN_EXE_function-crash-target"))
            .arg(function)
            .envs(stage.product.stack.environment(function).expect("a function"))
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        Self { process: Process(child), answer }
    }

    async fn answer(&mut self) -> Value {
        // It has eight seconds, and a busy machine may need some to start it.
        timeout(Duration::from_secs(30), &mut self.answer).await.expect("an answer in time").expect("an answer")
    }
}

async fn next(State(lambda): State<Arc<Lambda>>) -> (HeaderMap, String) {
    let event = lambda.event.lock().await.take();
    // There is no second one.
    let Some(event) = event else { return pending().await };
    let header = |name, value: &str| (HeaderName::from_static(name), value.parse().expect("a value"));
    let headers = [
        header("lambda-runtime-aws-request-id", "1"),
        header("lambda-runtime-deadline-ms", "4102444800000"),
        header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:it"),
    ];
    (headers.into_iter().collect(), event.get().to_owned())
}

async fn answered(State(lambda): State<Arc<Lambda>>, answer: String) -> StatusCode {
    let answer = serde_json::from_str(&answer).expect("JSON");
    let sender = lambda.answer.lock().await.take();
    sender.expect("one answer").send(answer).expect("somebody who waits for it");
    StatusCode::ACCEPTED
}

/// Before DynamoDB hears of a call; and after it has done it, but before the answer gets back.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_process_is_killed_at_a_call_leaves_nothing_half_done() {
    let kills = each_of(STORIES, async |stage| {
        // Left alone, it does what it does in this process.
        let (prepared, before) = stage.prepare().await;
        stage.proxy.take_calls();
        let answer = Function::start(stage, prepared.ask.event()).await.answer().await;
        assert_eq!(answer["statusCode"], stage.story.happy(), "{answer}");
        let at_start = stage.proxy.take_calls().into_iter().filter(|call| call.key() == "NOTHING").count();
        assert_eq!(at_start, 1, "its start opens the connection");
        assert!(stage.ends_well(&prepared, &before, "it lives").await);

        let mut kills = 0;
        for site in stage.story.calls().0 {
            for fault in [Fault::Before(End::Silence), Fault::After(End::Silence)] {
                let said = format!("{:?} is killed at {site}: {fault:?}", stage.story);
                let (prepared, before) = stage.prepare().await;
                stage.proxy.set_trap(site, fault, 1);
                let mut function = Function::start(stage, prepared.ask.event()).await;
                tokio::select! {
                    answer = function.answer() => panic!("{said}: answered {answer}"),
                    () = stage.proxy.silence() => function.process.kill(),
                }
                kills += 1;
                assert_eq!(stage.proxy.take_trap().len(), 1);
                let done = stage.ends_well(&prepared, &before, &said).await;
                assert_eq!(done, matches!(fault, Fault::After(_)) && *site == "TransactWriteItems", "{said}");
            }
        }
        kills
    })
    .await;
    counted(format_args!("{kills} processes of functions killed at a call"));
}
