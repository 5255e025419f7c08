//! What no function may go beyond. Only what doesn't depend on the machine's load has a gate.

use crate::measure::Measured;

/// Of each binary and each process, in MB.
const SIZE: f64 = 6.0;
const MEMORY: f64 = 10.0;

/// Of one function: millions of instructions, as last measured and a tenth more; calls of DynamoDB as they are.
struct Gate {
    name: &'static str,
    init: f64,
    first: f64,
    warm: f64,
    round_trips: f64,
    read_units: f64,
    write_units: f64,
}

const fn gate(
    name: &'static str,
    [init, first, warm]: [f64; 3],
    [round_trips, read_units, write_units]: [f64; 3],
) -> Gate {
    Gate { name, init, first, warm, round_trips, read_units, write_units }
}

const GATES: [Gate; 1] = [gate("check-session", [3.0, 5.0, 0.7], [1.0, 1.0, 0.0])];

/// The gates that a function went through, in words.
pub(crate) fn passed(measured: &Measured) -> Vec<String> {
    let name = &measured.name;
    let Some(gate) = GATES.iter().find(|gate| gate.name == name) else {
        return vec![format!("{name} has no gates; give it some in bench/src/gates.rs")];
    };
    let Some(instructions) = measured.instructions else {
        return vec![format!("{name}: no instructions were counted")];
    };
    let usage = measured.usage;
    let round_trips = f64::from(u32::try_from(usage.round_trips).unwrap_or(u32::MAX));
    let compared = [
        ("MB of the binary", measured.size, SIZE),
        ("MB of memory", measured.memory.unwrap_or(f64::NAN), MEMORY),
        ("M instructions of init", instructions.init, gate.init),
        ("M instructions of the first invocation", instructions.first, gate.first),
        ("M instructions of a warm invocation", instructions.warm, gate.warm),
        ("round trips", round_trips, gate.round_trips),
        ("read units", usage.read_units, gate.read_units),
        ("write units", usage.write_units, gate.write_units),
    ];
    // What isn't a number is no measurement.
    let beyond = compared.into_iter().filter(|(_, measured, most)| measured.is_nan() || measured > most);
    beyond.map(|(what, measured, most)| format!("{name}: {measured:.2} {what}, at most {most}")).collect()
}
