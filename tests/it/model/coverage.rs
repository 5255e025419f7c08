//! The generator reaches every response and every email. This test uses the model alone; the others
//! compare it with the product.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner},
};
use proptest_state_machine::ReferenceStateMachine;
use serde_json::Value;

use super::{
    STEPS,
    answers::Refusal,
    machine::{Comparison, GenerousLimits, Setting, TightLimits},
    requests::Step,
    world::World,
};
use crate::{
    support::EmailKind,
    template::{self, entries},
};

const SEQUENCES: usize = 640;

/// How often something must happen in the sequences, so that it happens in every run.
const MIN_TIMES: usize = 4;

/// Counts of what happened.
#[derive(Default)]
struct Reached {
    /// Counts by endpoint and status.
    answers: BTreeMap<(String, u16), usize>,
    kinds: BTreeMap<EmailKind, usize>,
    long_codes: usize,
}

impl Reached {
    /// Counts what sequences in a setting reach. The sequences are the same in every run.
    fn by<S: Setting>(mut self) -> Self {
        let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(0), ..Config::default() });
        for _ in 0..SEQUENCES {
            let sequence = Comparison::<S>::sequential_strategy(STEPS).new_tree(&mut runner).expect("a sequence");
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
        for (kind, _) in &expected.sent {
            *self.kinds.entry(*kind).or_default() += 1;
        }
        self.long_codes += usize::from(expected.digits == Some(12));
    }
}

/// Responses of API Gateway itself, of a deployment that limits sign-ups, and of a route for which
/// there is nothing to model.
const BEYOND_THE_MODEL: [&str; 3] = ["Throttled", "SignUpNotAccepted", "NotDisclosed"];

/// Returns every response in openapi.yaml, except internal errors and those beyond the model.
fn described() -> BTreeSet<(String, u16)> {
    let document = template::json(serde_norway::from_str(include_str!("../../../openapi.yaml")).expect("YAML"));
    let mut described = BTreeSet::new();
    for (path, methods) in entries(&document["paths"]) {
        for (method, operation) in entries(methods) {
            let endpoint = format!("{} {path}", method.to_uppercase());
            let is_modelled = |answer: &Value| {
                let name = answer["$ref"].as_str().and_then(|target| target.rsplit('/').next());
                name.is_none_or(|name| !BEYOND_THE_MODEL.contains(&name))
            };
            let answers =
                entries(&operation["responses"]).filter(|(status, answer)| *status != "500" && is_modelled(answer));
            let status = |status: &str| status.parse().expect("a status");
            described.extend(answers.map(|(name, _)| (endpoint.clone(), status(name))));
        }
    }
    described
}

#[test]
fn every_response_of_every_endpoint_and_every_email_is_reached() {
    let reached = Reached::default().by::<GenerousLimits>().by::<TightLimits>();
    let answers: BTreeSet<_> = reached.answers.keys().cloned().collect();
    assert_eq!(answers, described());
    let rarely_reached: Vec<_> = reached.answers.iter().filter(|(_, times)| **times < MIN_TIMES).collect();
    assert!(rarely_reached.is_empty(), "reached too rarely: {rarely_reached:?}");
    assert!(
        reached.kinds.len() == 14 && reached.kinds.values().all(|times| *times >= MIN_TIMES),
        "{:?}",
        reached.kinds
    );
    assert!(reached.long_codes >= MIN_TIMES, "{} codes of twelve digits", reached.long_codes);
}
