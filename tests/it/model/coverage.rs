//! The generator gets everywhere. Only the model is asked here; that the product does as the model says is what the other tests are for.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner},
};
use proptest_state_machine::ReferenceStateMachine;

use super::{
    STEPS,
    answers::Refusal,
    machine::{Beside, Roomily, Setting, Tightly},
    requests::Step,
    world::World,
};
use crate::{
    support::Letter,
    template::{self, entries},
};

const SEQUENCES: usize = 256;

/// How often something must happen in as many sequences to be sure to happen in every run.
const ENOUGH: usize = 4;

/// What happened, and how often.
#[derive(Default)]
struct Reached {
    /// By method and path, and status.
    answers: BTreeMap<(String, u16), usize>,
    letters: BTreeMap<Letter, usize>,
    long_codes: usize,
}

impl Reached {
    /// The same sequences whenever it is asked.
    fn by<S: Setting>(mut self) -> Self {
        let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(0), ..Config::default() });
        for _ in 0..SEQUENCES {
            let sequence = Beside::<S>::sequential_strategy(STEPS).new_tree(&mut runner).expect("a sequence");
            let (mut world, steps, _) = sequence.current();
            for step in steps {
                world = world.after(&step);
                self.count(&step, &world);
            }
        }
        self
    }

    fn count(&mut self, step: &Step, world: &World) {
        let (Some(request), Some(expected)) = (step.request(), &world.expected) else { return };
        let success = if request.is_read() { 200 } else { 202 };
        let status = expected.answer.as_ref().map_or_else(Refusal::status, |_| success);
        *self.answers.entry((request.endpoint().to_owned(), status)).or_default() += 1;
        for (letter, _) in &expected.mails {
            *self.letters.entry(*letter).or_default() += 1;
        }
        self.long_codes += usize::from(expected.digits == Some(12));
    }
}

/// Every answer that openapi.yaml tells of, but our own faults and what API Gateway says by itself.
fn described() -> BTreeSet<(String, u16)> {
    let document = template::json(serde_norway::from_str(include_str!("../../../openapi.yaml")).expect("YAML"));
    let mut described = BTreeSet::new();
    for (path, methods) in entries(&document["paths"]) {
        for (method, operation) in entries(methods) {
            let endpoint = format!("{} {path}", method.to_uppercase());
            let answers = entries(&operation["responses"])
                .filter(|(status, answer)| *status != "500" && answer["$ref"] != "#/components/responses/Throttled");
            let status = |status: &str| status.parse().expect("a status");
            described.extend(answers.map(|(name, _)| (endpoint.clone(), status(name))));
        }
    }
    described
}

#[test]
fn every_endpoint_gives_each_of_its_answers_and_every_letter_is_mailed() {
    let reached = Reached::default().by::<Roomily>().by::<Tightly>();
    let answers: BTreeSet<_> = reached.answers.keys().cloned().collect();
    assert_eq!(answers, described());
    let seldom: Vec<_> = reached.answers.iter().filter(|(_, times)| **times < ENOUGH).collect();
    assert!(seldom.is_empty(), "seldom reached: {seldom:?}");
    assert!(
        reached.letters.len() == 9 && reached.letters.values().all(|times| *times >= ENOUGH),
        "{:?}",
        reached.letters
    );
    assert!(reached.long_codes >= ENOUGH, "{} codes of twelve digits", reached.long_codes);
}
