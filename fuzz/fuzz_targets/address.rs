//! Parses any text as an email address. It must be rejected, or satisfy the address's properties.
#![no_main]

#[path = "../../shared/src/domain/email_address/properties.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;
use shared::EmailAddress;

fuzz_target!(|text: &str| sound::check(text));
