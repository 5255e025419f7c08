//! Attacks that were seen on real systems, as stories of an attacker and his victim. Some are told where their subject is:
//!
//! | attack | told in |
//! |---|---|
//! | 1 parallel wrong guesses | `races::codes::of_64_wrong_guesses_five_are_looked_at_and_then_the_right_code_is_refused` |
//! | 2 parallel right codes | `races::codes::of_64_right_codes_of_a_sign_up_one_is_acknowledged` |
//! | 4 a failed guess that isn't counted | `verify_session::after_five_tries_even_the_right_code_is_refused` |
//! | 5 replays | `verify_session::a_code_works_once`, `attacks::takeover::a_code_opens_nothing_after_its_session_was_closed` |
//! | 6 guesses across codes | `attacks::guesses::a_day_of_guessing_ends_at_a_hundred_guesses_most_of_them_hopeless` |
//! | 7 guesses from many sources | `races::codes::of_64_wrong_guesses_from_64_places_five_are_looked_at` |
//! | 8 limits and spellings | `attacks::guesses::however_a_victim_is_spelt_the_guesses_at_him_add_up` |
//! | 10 a victim locked out | `attacks::guesses::a_victim_of_guessing_still_gets_in` |
//! | 11 two who ask at once | `attacks::guesses::of_two_who_ask_at_once_each_has_a_code_of_his_own` |
//! | 13 a list of addresses | `input::every_invalid_field_of_every_endpoint_is_refused_by_its_name_and_changes_nothing` |
//! | 14, 15 arrays and double keys | `input::a_body_that_is_not_one_json_object_is_refused_and_changes_nothing` |
//! | 16, 17 addresses in disguise | `input::every_invalid_field_of_every_endpoint_is_refused_by_its_name_and_changes_nothing` |
//! | 19 spellings of an address | `create_user::spellings_of_one_address_are_one_account` |
//! | 22 the code of another user | `verify_email::the_bearer_of_another_user_verifies_nothing` |
//! | 23 the code of another purpose | `verify_email::the_code_of_a_session_verifies_no_address` |
//! | 24 the skipped step | `conventions::without_a_verified_bearer_nothing_opens_and_nothing_is_written` |
//! | 25 an account made in advance | `attacks::takeover::who_signed_a_victim_up_in_advance_has_nothing_when_the_victim_comes` |
//! | 26 an address squatted on | `attacks::takeover::who_squats_on_an_address_has_nothing_when_its_owner_comes` |
//! | 28 an alias in disguise | `create_user::a_user_keeps_his_alias_for_good` |
//! | 29 somebody else's things | `delete_email::an_address_of_somebody_else_is_no_address`, `prefer_email::an_address_of_somebody_else_is_no_address`, `close_session::a_session_of_somebody_else_is_no_session` |
//! | 30, 38 preferred and deleted at once | `races::account::whatever_is_preferred_and_deleted_at_once_one_verified_address_is_preferred` |
//! | 31 identifiers as bearers | `attacks::takeover::nothing_that_the_api_or_the_table_shows_is_a_bearer` |
//! | 32 items out of nothing | `attacks::guesses::a_guess_at_nothing_leaves_nothing_behind` |
//! | 33 half a session closed | `close_session::a_session_that_waits_for_its_code_is_nobody_s_to_close` |
//! | 34 expired, not yet deleted | `check_session::a_session_ends_after_24_hours_even_if_nobody_has_deleted_it_yet` |
//! | 35 extended for ever | `extend_session::no_session_lives_longer_than_30_days_however_often_it_is_extended` |
//! | 36 fixation | `create_user::what_a_client_would_like_to_choose_is_not_adopted`, `attacks::takeover::a_victim_s_code_opens_his_session_and_not_the_attacker_s` |
//! | 39, 40 enumeration | `enumeration::a_sign_in_looks_the_same_for_an_unknown_address_until_the_mails_are_used_up_and_after` |
//! | 41 secrets elsewhere | `secrets::neither_the_table_nor_its_stream_holds_a_code_or_a_bearer` |
//! | 42 headers of the mail | `attacks::mails::what_an_attacker_types_moves_no_header_of_a_mail` |
//! | 43 phishing in the mail | `attacks::mails::nothing_that_an_attacker_types_stands_in_a_mail` |
//! | 44 poisoned hosts | `attacks::network::a_malformed_head_is_answered_and_never_mailed`, `edge_cases::a_head_that_no_client_should_send_is_answered_as_the_contract_has_it` |
//! | 45 a spoofed source | `create_user::the_source_is_who_connected_and_its_agent_is_cut_at_512_bytes` |
//! | 47 mail bombing | `attacks::mails::a_victim_of_mail_bombing_gets_twenty_mails_a_day_and_others_theirs` |
//! | 48 forms of other sites | `input::a_body_is_read_only_if_it_says_that_it_is_json` |
//! | 50 headers of the answer | `attacks::network::nothing_that_an_attacker_types_stands_in_a_header_of_the_answer` |
//! | 51 faults that open doors | `attacks::guesses::while_the_table_fails_nothing_opens_and_no_guess_is_free` |
//! | 52 a list without an end | `attacks::network::sessions_beyond_the_first_megabyte_are_found` |

mod guesses;
mod mails;
mod network;
mod takeover;
mod variations;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The attacks that were collected, by their numbers, which have gaps.
const COLLECTED: [u32; 42] = [
    1, 2, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15, 16, 17, 19, 22, 23, 24, 25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 38,
    39, 40, 41, 42, 43, 44, 45, 47, 48, 50, 51, 52,
];

/// The numbers that follow the word: `Attacks 25 and 26, all at once`.
fn numbers(text: &str) -> BTreeSet<u32> {
    let words: Vec<_> =
        text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let begins = words.iter().enumerate().filter(|(_, word)| matches!(**word, "Attack" | "Attacks")).map(|(at, _)| at);
    begins
        .flat_map(|at| {
            let listed = words[at + 1..].iter().filter(|word| **word != "and").map(|word| word.parse().ok());
            listed.take_while(Option::is_some).flatten()
        })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The attacks that the words above each test name; tests by their paths, as `attacks::guesses::a_guess`.
fn told() -> BTreeMap<String, BTreeSet<u32>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    let mut told = BTreeMap::new();
    for path in sources(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let module = path.strip_prefix(&root).expect("below it").with_extension("");
        let module = module.to_str().expect("UTF-8").replace('/', "::");
        let mut words = String::new();
        for line in fs::read_to_string(&path).expect("a source").lines().map(str::trim) {
            if let Some(more) = line.strip_prefix("///") {
                words.push_str(more);
            } else if let Some((_, name)) =
                line.split_once("fn ").filter(|(before, _)| matches!(*before, "" | "async "))
            {
                let name = name.split('(').next().unwrap_or_default();
                told.insert(format!("{module}::{name}"), numbers(&std::mem::take(&mut words)));
            } else if !line.starts_with("#[") {
                words.clear();
            }
        }
    }
    told
}

/// The table above: numbers and tests.
fn table() -> Vec<(BTreeSet<u32>, Vec<&'static str>)> {
    let rows = include_str!("attacks.rs").lines().filter(|line| line.starts_with("//! | ") && line.contains("::"));
    let row = |row: &'static str| {
        let attack = row.split('|').nth(1).expect("a first cell");
        (numbers(&format!("Attack{attack}")), row.split('`').skip(1).step_by(2).collect())
    };
    rows.map(row).collect()
}

#[test]
fn every_attack_is_told_where_the_table_says_and_the_words_above_the_test_say_so() {
    let told = told();
    for (attacks, tests) in table() {
        for test in tests {
            let named = told.get(test).unwrap_or_else(|| panic!("there is no {test}"));
            assert!(!named.is_disjoint(&attacks), "{test} names {named:?} and not {attacks:?}");
        }
    }
}

#[test]
fn no_attack_is_missing_from_the_table_or_from_the_tests() {
    let collected = BTreeSet::from(COLLECTED);
    let in_table: BTreeSet<_> = table().into_iter().flat_map(|(attacks, _)| attacks).collect();
    assert_eq!(in_table, collected);
    let in_tests: BTreeSet<_> = told().into_values().flatten().collect();
    assert_eq!(in_tests, collected);
}
