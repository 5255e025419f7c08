//! Upper limits (gates) for what the functions use. Only values that do not depend on the machine's
//! load have a gate.

use crate::{
    Result,
    measure::{Measured, Phases},
};

const MAX_BINARY_MEGABYTES: f64 = 6.5;
const MAX_MEMORY_MEGABYTES: f64 = 10.0;

/// The factor by which a gate for instructions exceeds the last measurement.
const SLACK_FACTOR: f64 = 1.1;

/// The limits of one function.
struct Gate {
    name: &'static str,
    /// Millions of instructions: init, the first invocation, a warm invocation.
    instructions: [f64; 3],
    /// The usage of a warm invocation: round trips, read units, write units.
    usage: [f64; 3],
}

const fn gate(name: &'static str, instructions: [f64; 3], usage: [f64; 3]) -> Gate {
    Gate { name, instructions, usage }
}

/// The last measurements; for instructions, multiplied by the slack factor.
const GATES: [Gate; 18] = [
    gate("check-session", [5.37, 0.85, 0.84], [1.0, 1.0, 0.0]),
    gate("close-session", [5.37, 1.45, 1.46], [2.0, 1.0, 4.0]),
    gate("create-email", [5.38, 6.2, 3.63], [3.0, 3.0, 9.0]),
    gate("create-session", [5.37, 3.49, 2.2], [2.0, 1.0, 5.0]),
    gate("create-user", [5.37, 3.59, 2.31], [2.0, 1.0, 7.0]),
    gate("delete-email", [5.38, 2.39, 2.4], [3.0, 2.0, 8.0]),
    gate("extend-session", [5.37, 1.5, 1.51], [2.0, 1.0, 4.0]),
    gate("get-user", [5.37, 0.83, 0.82], [1.0, 1.0, 0.0]),
    gate("handle-mail-event", [1.62, 4.07, 0.8], [1.0, 0.0, 1.0]),
    gate("list-emails", [5.38, 1.58, 1.59], [2.0, 2.0, 0.0]),
    gate("list-sessions", [5.38, 1.46, 1.46], [2.0, 2.0, 0.0]),
    gate("prefer-email", [5.38, 2.42, 2.45], [3.0, 2.0, 6.0]),
    gate("resend-email-code", [5.38, 6.2, 3.63], [3.0, 3.0, 7.0]),
    gate("send-mail", [2.24, 13.37, 3.84], [3.0, 2.0, 2.0]),
    gate("verify-email", [5.41, 4.53, 3.24], [3.0, 2.0, 11.0]),
    gate("verify-session", [5.41, 2.61, 2.62], [3.0, 1.0, 11.0]),
    gate("get-item", [5.37, 0.7, 0.69], [1.0, 1.0, 0.0]),
    gate("hello", [0.52, 0.11, 0.1], [0.0, 0.0, 0.0]),
];

/// Checks that all measurements are within their gates.
///
/// # Errors
/// Lists the values that exceed a gate, and gates that would pass.
pub(crate) fn check(measured: &[Measured]) -> Result<()> {
    let violations: Vec<_> = measured.iter().flat_map(violations).collect();
    if violations.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = measured.iter().map(gate_line).collect();
    Err(format!("gates exceeded:\n{}\n\nThese would pass:\n{}", violations.join("\n"), lines.join("\n")).into())
}

/// Describes the values of one function that exceed its gate.
pub(crate) fn violations(measured: &Measured) -> Vec<String> {
    let name = &measured.name;
    let Some(gate) = GATES.iter().find(|gate| gate.name == name) else { return vec![format!("{name} has no gate")] };
    let [init, first, warm] = instructions(measured);
    let [round_trips, read_units, write_units] = usage(measured);
    let [max_init, max_first, max_warm] = gate.instructions;
    let [max_round_trips, max_read_units, max_write_units] = gate.usage;
    let compared = [
        ("MB of the binary", measured.size, MAX_BINARY_MEGABYTES),
        ("MB of memory", measured.memory.unwrap_or(f64::NAN), MAX_MEMORY_MEGABYTES),
        ("M instructions of init", init, max_init),
        ("M instructions of the first invocation", first, max_first),
        ("M instructions of a warm invocation", warm, max_warm),
        ("round trips", round_trips, max_round_trips),
        ("read units", read_units, max_read_units),
        ("write units", write_units, max_write_units),
    ];
    // NaN marks a value that was not measured.
    let exceeded = compared.into_iter().filter(|(_, value, max)| value.is_nan() || value > max);
    exceeded.map(|(quantity, value, max)| format!("{name}: {value:.2} {quantity}, the gate is {max}")).collect()
}

fn instructions(measured: &Measured) -> [f64; 3] {
    measured.instructions.map_or([f64::NAN; 3], |Phases { init, first, warm }| [init, first, warm])
}

fn usage(measured: &Measured) -> [f64; 3] {
    let usage = measured.usage;
    let round_trips = u32::try_from(usage.round_trips).unwrap_or(u32::MAX);
    [f64::from(round_trips), usage.read_units, usage.write_units]
}

/// Formats the gate that the measured function would pass, as a line of `GATES`.
fn gate_line(measured: &Measured) -> String {
    let instructions = instructions(measured).map(|count| (count * SLACK_FACTOR * 100.0).ceil() / 100.0);
    format!("    gate({:?}, {instructions:?}, {:?}),", measured.name, usage(measured))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{binaries::NAMES, meter::Usage};

    /// Returns a measurement that is exactly at its gate.
    fn hello() -> Measured {
        let [init, first, warm] = GATES.last().unwrap().instructions;
        Measured {
            name: "hello".to_owned(),
            size: 2.7,
            time: Phases { init: 5.0, first: 1.0, warm: 1.0 },
            instructions: Some(Phases { init, first, warm }),
            memory: Some(4.1),
            usage: Usage { calls: 0, round_trips: 0, read_units: 0.0, write_units: 0.0 },
        }
    }

    #[test]
    fn everything_that_is_measured_has_a_gate() {
        assert_eq!(GATES.map(|gate| gate.name), NAMES);
    }

    #[test]
    fn exceeded_gates_and_missing_measurements_are_reported() {
        assert!(check(&[hello()]).is_ok());
        let large = Measured { size: 20.0, ..hello() };
        let message = check(&[large]).unwrap_err().to_string();
        assert!(message.contains("hello: 20.00 MB of the binary"), "{message}");
        assert!(message.contains(r#"    gate("hello", ["#), "{message}");
        let uncounted = Measured { instructions: None, memory: None, ..hello() };
        assert_eq!(violations(&uncounted).len(), 4);
    }
}
