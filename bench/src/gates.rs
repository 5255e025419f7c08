//! Upper limits (gates) for what the functions use. Only values that do not depend on the machine's
//! load have a gate.

use registry::Cost;

use crate::{
    Result,
    measure::{Measured, Phases},
};

const MAX_BINARY_MEGABYTES: f64 = 6.6;
const MAX_MEMORY_MEGABYTES: f64 = 10.0;

/// The factor by which a gate for instructions exceeds the last measurement.
const SLACK_FACTOR: f64 = 1.1;

/// Returns the cost that a function may have: that of the registry, or of a lower bound.
fn gate(name: &str) -> Option<Cost> {
    let limit = |round_trips, read_units, instructions| Cost {
        calls: &[],
        round_trips,
        read_units,
        write_units: 0.0,
        instructions,
    };
    match name {
        "get-item" => Some(limit(1, 1.0, [5.37, 0.7, 0.69])),
        "hello" => Some(limit(0, 0.0, [0.52, 0.11, 0.1])),
        name => registry::find(name).map(|function| function.cost),
    }
}

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
    let Some(gate) = gate(name) else { return vec![format!("{name} has no gate")] };
    let [init, first, warm] = instructions(measured);
    let [round_trips, read_units, write_units] = usage(measured);
    let [max_init, max_first, max_warm] = gate.instructions;
    let compared = [
        ("MB of the binary", measured.size, MAX_BINARY_MEGABYTES),
        ("MB of memory", measured.memory.unwrap_or(f64::NAN), MAX_MEMORY_MEGABYTES),
        ("M instructions of init", init, max_init),
        ("M instructions of the first invocation", first, max_first),
        ("M instructions of a warm invocation", warm, max_warm),
        ("round trips", round_trips, f64::from(gate.round_trips)),
        ("read units", read_units, gate.read_units),
        ("write units", write_units, gate.write_units),
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

/// Formats the gate that the measured function would pass, as in the registry.
fn gate_line(measured: &Measured) -> String {
    let instructions = instructions(measured).map(|count| (count * SLACK_FACTOR * 100.0).ceil() / 100.0);
    let [round_trips, read_units, write_units] = usage(measured);
    format!("{}: {round_trips}, {read_units:?}, {write_units:?}, {instructions:?}", measured.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{binaries::names, meter::Usage};

    /// Returns a measurement that is exactly at its gate.
    fn hello() -> Measured {
        let [init, first, warm] = gate("hello").unwrap().instructions;
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
        assert!(names().all(|name| gate(name).is_some()));
    }

    #[test]
    fn exceeded_gates_and_missing_measurements_are_reported() {
        assert!(check(&[hello()]).is_ok());
        let large = Measured { size: 20.0, ..hello() };
        let message = check(&[large]).unwrap_err().to_string();
        assert!(message.contains("hello: 20.00 MB of the binary"), "{message}");
        assert!(message.contains("hello: 0, 0.0, 0.0, ["), "{message}");
        let uncounted = Measured { instructions: None, memory: None, ..hello() };
        assert_eq!(violations(&uncounted).len(), 4);
    }
}
