//! The whole API against a model of it: whatever people do, in whatever order and at whatever second, every answer, every mail and the
//! table are as the rules say (contract, Life of an account), written down once more as plain data and without a thought of DynamoDB.
//!
//! A failure shrinks to the steps that it needs, is printed, and is tried first from then on (`proptest-regressions/`).
//! `PROPTEST_CASES` says how many sequences there are; `PROPTEST_RNG_SEED` repeats a run.

mod answers;
mod choices;
mod codes;
mod coverage;
mod emails;
mod learning;
mod machine;
mod mailbox;
mod product;
mod requests;
mod sessions;
mod world;

use std::ops::Range;

use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::prop_state_machine;

use machine::{Roomy, Tight};

/// How many steps a sequence has.
const STEPS: Range<usize> = 1..60;

fn config() -> Config {
    let regressions = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/model.txt");
    Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        max_shrink_iters: 400,
        ..Config::with_cases(128)
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn whatever_people_do_it_is_as_the_model_says(sequential STEPS => Roomy);

    #[test]
    fn whatever_people_do_it_is_as_the_model_says_where_everything_is_scarce(sequential STEPS => Tight);
}
