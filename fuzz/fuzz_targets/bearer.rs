//! Any header is refused, or holds a token that reads back.
#![no_main]

#[path = "../../shared/src/bearer/sound.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::Bearer;

fuzz_target!(|header: &str| sound::check(header));
