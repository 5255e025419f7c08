//! Connects the model and the product to proptest's state machines.

use std::marker::PhantomData;

use proptest::{prelude::*, strategy::BoxedStrategy};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use tokio::runtime::Runtime;

use super::{
    choices,
    product::Running,
    requests::Step,
    world::{PROLOGUE, Rules, World},
};

/// A configuration of the product.
pub(super) trait Setting: 'static {
    /// Parameters of template.yaml.
    const PARAMETERS: [(&str, &str); 15];
}

/// Generous rate limits; DynamoDB fails at times.
pub(super) struct GenerousLimits;

/// Tight limits of every kind.
pub(super) struct TightLimits;

pub(super) type Generous = Comparison<GenerousLimits>;
pub(super) type Tight = Comparison<TightLimits>;

impl Setting for GenerousLimits {
    const PARAMETERS: [(&str, &str); 15] = [
        ("MailBurst", "100"),
        ("MailIntervalSeconds", "0"),
        ("MailsPerDay", "1000"),
        ("MailsPerSourceIpPerHour", "0"),
        ("CodeLifetimeSeconds", "600"),
        ("GuessesPerCode", "2"),
        ("GuessesBeforeLongCodes", "3"),
        ("SessionLifetimeSeconds", "3600"),
        ("SessionMaximumSeconds", "9000"),
        ("FreshSessionSeconds", "1800"),
        ("RecoverySeconds", "7200"),
        ("AccountChangesPerDay", "100"),
        ("EmailsPerUser", "3"),
        ("KeyPairsPerUser", "3"),
        ("SessionsPerUser", "2"),
    ];
}

impl Setting for TightLimits {
    const PARAMETERS: [(&str, &str); 15] = [
        ("MailBurst", "2"),
        ("MailIntervalSeconds", "60"),
        ("MailsPerDay", "5"),
        ("MailsPerSourceIpPerHour", "15"),
        ("CodeLifetimeSeconds", "300"),
        ("GuessesPerCode", "2"),
        ("GuessesBeforeLongCodes", "2"),
        ("SessionLifetimeSeconds", "1200"),
        ("SessionMaximumSeconds", "2000"),
        ("FreshSessionSeconds", "600"),
        ("RecoverySeconds", "3600"),
        ("AccountChangesPerDay", "3"),
        ("EmailsPerUser", "2"),
        ("KeyPairsPerUser", "2"),
        ("SessionsPerUser", "1"),
    ];
}

impl Rules {
    pub(super) fn limits_sources(&self) -> bool {
        self.mails_per_source_per_hour > 0
    }

    fn of(parameters: &[(&str, &str)]) -> Self {
        let find = |name| parameters.iter().find(|(parameter, _)| *parameter == name).expect("a parameter").1;
        let seconds = |name| find(name).parse().expect("seconds");
        let count = |name| find(name).parse().expect("a number");
        Self {
            mail_burst: seconds("MailBurst"),
            mail_interval: seconds("MailIntervalSeconds"),
            mails_per_day: count("MailsPerDay"),
            mails_per_source_per_hour: count("MailsPerSourceIpPerHour"),
            code_lifetime: seconds("CodeLifetimeSeconds"),
            guesses_per_code: count("GuessesPerCode"),
            guesses_before_long_codes: count("GuessesBeforeLongCodes"),
            session_lifetime: seconds("SessionLifetimeSeconds"),
            session_maximum: seconds("SessionMaximumSeconds"),
            fresh_session: seconds("FreshSessionSeconds"),
            recovery: seconds("RecoverySeconds"),
            account_changes_per_day: count("AccountChangesPerDay"),
            emails_per_user: count("EmailsPerUser"),
            sessions_per_user: count("SessionsPerUser"),
            key_pairs_per_user: count("KeyPairsPerUser"),
        }
    }
}

/// The running product, which is compared with the model.
pub(super) struct Comparison<S> {
    running: Running,
    /// The runtime of this case alone, which ends all of its tasks. Dropped after `running`.
    runtime: Runtime,
    setting: PhantomData<S>,
}

impl<S: Setting> ReferenceStateMachine for Comparison<S> {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        let steps = prop_oneof![1 => Just(0), 1 => Just(2), 1 => Just(4), 3 => Just(PROLOGUE.len())];
        steps.prop_map(|steps| World::begun(Rules::of(&S::PARAMETERS), steps)).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Step> {
        choices::step(world)
    }

    fn preconditions(world: &World, step: &Step) -> bool {
        choices::is_certain(world, step)
    }

    fn apply(world: World, step: &Step) -> World {
        world.after(step)
    }
}

impl<S: Setting> StateMachineTest for Comparison<S> {
    type SystemUnderTest = Self;
    type Reference = Self;

    fn init_test(world: &World) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let running = runtime.block_on(async {
            let mut running = Running::start(S::PARAMETERS.to_vec(), !world.rules.limits_sources()).await;
            running.follow_all(&PROLOGUE[..world.begun_with], World::new(world.rules)).await;
            running
        });
        Self { running, runtime, setting: PhantomData }
    }

    fn apply(mut comparison: Self, world: &World, step: Step) -> Self {
        comparison.runtime.block_on(comparison.running.follow(&step, world));
        comparison
    }

    fn teardown(comparison: Self, world: World) {
        let Self { mut running, runtime, .. } = comparison;
        runtime.block_on(async {
            running.compare_all(world).await;
            running.stop().await;
        });
    }
}
