//! Formats the measurements as in docs/performance.md.

use crate::measure::{Measured, Phases};

const HEAD: [&str; 13] = [
    "function",
    "MB",
    "init ms",
    "first ms",
    "warm ms",
    "init M instr.",
    "first M",
    "warm M",
    "RSS MB",
    "calls",
    "round trips",
    "read units",
    "write units",
];

/// Returns a Markdown table with one line for each function.
pub(crate) fn markdown(measured: &[Measured]) -> String {
    let head = HEAD.map(str::to_owned);
    let rule = std::array::from_fn(|column| if column == 0 { "---" } else { "---:" }.to_owned());
    [head, rule].into_iter().chain(measured.iter().map(cells)).map(|cells| line(&cells)).collect()
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn cells(measured: &Measured) -> [String; HEAD.len()] {
    let Measured { name, size, time, instructions, memory, usage } = measured;
    let count =
        |of: fn(&Phases) -> f64| instructions.as_ref().map_or("-".to_owned(), |phases| format!("{:.2}", of(phases)));
    [
        name.clone(),
        format!("{size:.1}"),
        format!("{:.1}", time.init),
        format!("{:.1}", time.first),
        format!("{:.1}", time.warm),
        count(|phases| phases.init),
        count(|phases| phases.first),
        count(|phases| phases.warm),
        memory.map_or("-".to_owned(), |memory| format!("{memory:.1}")),
        usage.calls.to_string(),
        usage.round_trips.to_string(),
        usage.read_units.to_string(),
        usage.write_units.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Usage;

    #[test]
    fn a_line_is_markdown_with_dashes_for_missing_counts() {
        let usage = Usage { calls: 3, round_trips: 2, read_units: 1.5, write_units: 0.0 };
        let time = Phases { init: 12.34, first: 5.0, warm: 1.0 };
        let measured =
            Measured { name: "hello".to_owned(), size: 1.25, time, instructions: None, memory: Some(7.0), usage };
        let table = markdown(&[measured]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2], "| hello | 1.2 | 12.3 | 5.0 | 1.0 | - | - | - | 7.0 | 3 | 2 | 1.5 | 0 |");
        assert!(lines.iter().all(|line| line.matches('|').count() == HEAD.len() + 1), "{table}");
    }
}
