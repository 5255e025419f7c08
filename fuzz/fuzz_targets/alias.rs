//! Any text is refused, or a sound alias.
#![no_main]

#[path = "../../shared/src/domain/alias/properties.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::Alias;

fuzz_target!(|text: &str| sound::check(text));
