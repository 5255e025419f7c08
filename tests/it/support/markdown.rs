//! Parses the pages of the documentation.

/// Returns the text under a heading, up to the next one of the same or a higher level. The heading
/// includes its hashes.
#[track_caller]
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let level = heading.split(' ').next().unwrap_or_default().len();
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let is_next = |line: &str| line.starts_with('#') && line.chars().take_while(|char| *char == '#').count() <= level;
    let mut fenced = false;
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        if !fenced && is_next(line) {
            break;
        }
        end += line.len();
    }
    &rest[..end]
}

/// Returns the headings of a level, without their hashes.
pub(crate) fn headings<'a>(page: &'a str, hashes: &str) -> Vec<&'a str> {
    page.lines().filter_map(|line| line.strip_prefix(hashes)?.strip_prefix(' ')).collect()
}

/// Returns the cells of the first table with this header (`| kind | status |`), row by row.
#[track_caller]
pub(crate) fn table(text: &str, header: &str) -> Vec<Vec<String>> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(header));
    assert!(lines.next().is_some(), "no table {header}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// Returns the language and the text of the fenced blocks.
pub(crate) fn fenced(text: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    for (index, part) in text.split("\n```").enumerate() {
        if index % 2 == 1 {
            blocks.push(part.split_once('\n').expect("a first line"));
        }
    }
    blocks
}

/// Returns the texts in backticks.
pub(crate) fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
