//! Any header is refused, or holds a token that reads back.
#![no_main]

#[path = "../../shared/src/domain/bearer_token/properties.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::domain::bearer_token::BearerToken;

fuzz_target!(|header: &str| sound::check(header));
