//! Whatever comes as an event is answered as the contract has it: never by a panic, never by a 500, and what is refused has changed
//! nothing. The events of `events/` are taken apart and put together wrongly; others are made up. `PROPTEST_CASES` says how many.

mod event;
mod mutation;
mod record;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// So many cases of proptest's usual 256, or of `PROPTEST_CASES`, make one of ours: each is an invocation and a scan of the table.
const SHARE: u32 = 4;

/// Runs cases one after the other; each may wait for what it does. Call it in a runtime with several threads.
fn run<S: proptest::strategy::Strategy>(strategy: &S, case: impl AsyncFn(S::Value)) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    config.cases = config.cases.div_ceil(SHARE);
    // A case that fails is made smaller by running many more.
    config.max_shrink_iters = 48;
    let runtime = tokio::runtime::Handle::current();
    let result = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(strategy, |input| {
            runtime.block_on(case(input));
            Ok::<(), TestCaseError>(())
        })
    });
    if let Err(TestError::Fail(why, input)) = result {
        panic!("{why}\nof the case {input:?}");
    }
}
