//! Parses any authorization header. It must be rejected, or contain a token that parses to itself.
#![no_main]

#[path = "../../shared/src/domain/bearer_token/properties.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::domain::bearer_token::BearerToken;

fuzz_target!(|header: &str| sound::check(header));
