//! The tests of the product. Each starts the stack of `cargo run` in memory and uses it as a client
//! does: HTTP in; status, headers, body and email out. After each test, the invariants of the whole
//! table are checked.
#![cfg(test)]

mod account_changes;
mod attacks;
#[cfg(feature = "binaries")]
mod binaries;
mod check_keypair;
mod check_session;
mod close_session;
mod closed_sign_up;
mod conventions;
mod costs;
mod crashes;
mod create_email;
mod create_keypair;
mod create_session;
mod create_user;
mod data_model;
mod delete_email;
mod delete_keypair;
mod delete_user;
mod deliveries;
mod enumeration;
mod extend_session;
mod faults;
mod fixtures;
mod fuzz;
mod get_account;
mod get_user;
mod input;
mod languages;
mod limits;
mod list_emails;
mod list_keypairs;
mod list_sessions;
mod mail_events;
mod metrics;
mod model;
mod openapi;
mod prefer_email;
mod races;
mod readme;
mod recovery;
mod request_log;
mod resend_email_code;
mod restart;
mod round_trips;
mod secrets;
mod seeds;
mod send_mail;
mod step_up;
mod support;
mod template;
mod tls;
mod update_user;
mod verify_email;
mod verify_keypair;
mod verify_session;
