//! Parses any text as an alias. It must be rejected, or satisfy the alias's properties.
#![no_main]

#[path = "../../shared/src/domain/alias/properties.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::Alias;

fuzz_target!(|text: &str| sound::check(text));
