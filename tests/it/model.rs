//! Compares the whole API with a model: after any sequence of requests and pauses, every response,
//! every email and the table are as the rules say (contract, Life of an account). The model states
//! these rules as plain data, without a database.
//!
//! A failure is shrunk to the necessary steps, printed, and tried first in later runs
//! (`proptest-regressions/`). `PROPTEST_CASES` sets the number of sequences; `PROPTEST_RNG_SEED`
//! repeats a run.

mod accounts;
mod answers;
mod choices;
mod codes;
mod coverage;
mod emails;
mod key_pairs;
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

use machine::{Generous, Tight};

/// The number of steps in a sequence.
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
    fn the_product_behaves_as_the_model_with_generous_limits(sequential STEPS => Generous);

    #[test]
    fn the_product_behaves_as_the_model_with_tight_limits(sequential STEPS => Tight);
}
