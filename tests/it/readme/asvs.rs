//! docs/asvs.md answers every requirement of OWASP ASVS 5.0 up to level 2, once.

use crate::support::markdown::table;

const PAGE: &str = include_str!("../../../docs/asvs.md");

/// Of each chapter, its sections with requirements of level 1 or 2, and how many these are. Their numbers begin with 1 and have no gaps.
const STANDARD: [(usize, &[(usize, usize)]); 17] = [
    (1, &[(1, 2), (2, 9), (3, 11), (4, 3), (5, 2)]),
    (2, &[(1, 3), (2, 3), (3, 4), (4, 1)]),
    (3, &[(2, 2), (3, 4), (4, 6), (5, 5), (7, 2)]),
    (4, &[(1, 3), (2, 1), (3, 2), (4, 4)]),
    (5, &[(1, 1), (2, 3), (3, 2), (4, 3)]),
    (6, &[(1, 3), (2, 12), (3, 4), (4, 4), (5, 5), (6, 3), (8, 4)]),
    (7, &[(1, 3), (2, 4), (3, 2), (4, 5), (5, 2), (6, 2)]),
    (8, &[(1, 2), (2, 3), (3, 1), (4, 1)]),
    (9, &[(1, 3), (2, 4)]),
    (10, &[(1, 2), (2, 2), (3, 4), (4, 11), (5, 5), (6, 2), (7, 3)]),
    (11, &[(1, 2), (2, 3), (3, 3), (4, 4), (5, 1), (6, 1)]),
    (12, &[(1, 3), (2, 2), (3, 4)]),
    (13, &[(1, 1), (2, 5), (3, 2), (4, 5)]),
    (14, &[(1, 2), (2, 4), (3, 3)]),
    (15, &[(1, 3), (2, 3), (3, 7)]),
    (16, &[(1, 1), (2, 5), (3, 4), (4, 3), (5, 3)]),
    (17, &[(1, 1), (2, 4), (3, 2)]),
];

/// The requirements of a row: `1.2.5–1.2.9, 1.3.1` are six.
fn requirements(cell: &str) -> Vec<String> {
    let number = |id: &str| id.rsplit('.').next().and_then(|number| number.parse::<usize>().ok()).expect("a number");
    let range = |text: &str| {
        let (first, last) = text.split_once('–').unwrap_or((text, text));
        let section = first.rsplit_once('.').expect("a section").0.to_owned();
        (number(first)..=number(last)).map(move |number| format!("{section}.{number}")).collect::<Vec<_>>()
    };
    cell.split(", ").flat_map(range).collect()
}

#[test]
fn every_requirement_of_the_standard_has_one_answer() {
    let rows = table(PAGE, "| requirements |");
    let mut answered: Vec<_> = rows.iter().flat_map(|row| requirements(&row[0])).collect();
    let in_section = |chapter: usize, (section, most): (usize, usize)| {
        (1..=most).map(move |number| format!("{chapter}.{section}.{number}"))
    };
    let all = STANDARD.iter().flat_map(|(chapter, sections)| {
        sections.iter().flat_map(move |section| in_section(*chapter, *section)).collect::<Vec<_>>()
    });
    let mut all: Vec<_> = all.collect();
    assert_eq!(all.len(), 253);
    all.sort();
    answered.sort();
    assert_eq!(answered, all);
    assert!(rows.iter().all(|row| ["✓", "–", "you", "✗"].contains(&row[1].as_str()) && !row[2].is_empty()));
    let deviations: Vec<_> = rows.iter().filter(|row| row[1] == "✗").map(|row| row[0].as_str()).collect();
    assert_eq!(deviations, ["6.3.3", "7.2.4", "7.5.1", "7.5.2"]);
}
