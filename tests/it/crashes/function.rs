//! The program of a function, as Lambda runs it, killed with SIGKILL at each of its calls. Unlike a
//! dropped future, a killed process runs no destructors.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use local::RuntimeApi;
use serde_json::{Value, value::RawValue};
use tokio::time::timeout;

use super::{Fixture, Process, each_of};
use crate::{
    faults::scenarios::Scenario,
    support::{End, Fault, counted},
};

/// One scenario for each kind of write and each kind of read that precedes a write.
const SCENARIOS: [Scenario; 7] = [
    Scenario::VerifySignUp,
    Scenario::VerifySignIn,
    Scenario::VerifyEmail,
    Scenario::CloseSession,
    Scenario::CloseAnotherSession,
    Scenario::CreateUser,
    Scenario::DeleteEmail,
];

/// The process of a function, which handles one event.
struct Function {
    process: Process,
    api: RuntimeApi,
    event: Box<RawValue>,
}

impl Function {
    async fn start(fixture: &Fixture<'_>, event: Box<RawValue>) -> Self {
        let api = RuntimeApi::start().await.expect("a port");
        let function = fixture.scenario.function();
        let child = Command::new(env!("CARGO_BIN_EXE_function-crash-target"))
            .arg(function)
            .envs(fixture.product.stack.environment(function).expect("a function"))
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        Self { process: Process(child), api, event }
    }

    async fn response(&mut self) -> Value {
        let response = async {
            self.api.ready().await?;
            self.api.invoke(self.event.get().to_owned()).await
        };
        // The function has eight seconds, and a busy machine may need some more to start it.
        let response = timeout(Duration::from_secs(30), response).await.expect("a response in time");
        let (response, _) = response.expect("a response");
        serde_json::from_slice(&response).expect("JSON")
    }
}

/// The process is killed before DynamoDB receives a call, or after DynamoDB has executed it but
/// before the response arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_process_killed_at_a_call_leaves_nothing_half_done() {
    let kills = each_of(SCENARIOS, async |fixture| {
        // Without interference, the process behaves as the function does in this process.
        let (prepared, before) = fixture.prepare().await;
        fixture.proxy.take_calls();
        let response = Function::start(fixture, prepared.request.event()).await.response().await;
        assert_eq!(response["statusCode"], fixture.scenario.expected_status(), "{response}");
        let at_start = fixture.proxy.take_calls().into_iter().filter(|call| call.key() == "NONEXISTENT").count();
        assert_eq!(at_start, 1, "the cold start opens the connection");
        assert!(fixture.assert_recovers(&prepared, &before, "the process is not killed").await);

        let mut kills = 0;
        for site in fixture.scenario.calls() {
            for fault in [Fault::Before(End::Silence), Fault::After(End::Silence)] {
                let context = format!("{:?} is killed at {site}: {fault:?}", fixture.scenario);
                let (prepared, before) = fixture.prepare().await;
                fixture.proxy.set_trap(site, fault, 1);
                let mut function = Function::start(fixture, prepared.request.event()).await;
                tokio::select! {
                    response = function.response() => panic!("{context}: responded {response}"),
                    () = fixture.proxy.silence() => function.process.kill(),
                }
                kills += 1;
                assert_eq!(fixture.proxy.take_trap().len(), 1);
                let done = fixture.assert_recovers(&prepared, &before, &context).await;
                assert_eq!(done, matches!(fault, Fault::After(_)) && *site == "TransactWriteItems", "{context}");
            }
        }
        kills
    })
    .await;
    counted(format_args!("{kills} processes of functions killed at a call"));
}
