//! Any event gets a response that follows the contract: never a panic, never a 500, and a refused
//! event changes nothing. The events of `events/` are mutated and recombined; others are generated.
//! `PROPTEST_CASES` sets the number of cases.

mod event;
mod mutation;
mod record;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// Divides the number of cases (256, or `PROPTEST_CASES`), because each is an invocation and a scan
/// of the table.
const CASES_DIVISOR: u32 = 4;

/// Runs cases one after the other. A case may await. Needs a runtime with several threads.
fn run<S: proptest::strategy::Strategy>(strategy: &S, case: impl AsyncFn(S::Value)) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    config.cases = config.cases.div_ceil(CASES_DIVISOR);
    // Shrinking a failing case runs many more.
    config.max_shrink_iters = 48;
    let runtime = tokio::runtime::Handle::current();
    let result = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(strategy, |input| {
            runtime.block_on(case(input));
            Ok::<(), TestCaseError>(())
        })
    });
    if let Err(TestError::Fail(reason, input)) = result {
        panic!("{reason}\nof the case {input:?}");
    }
}
