//! Attacks that were seen on real systems, each as a scenario with an attacker and a victim. Some
//! of them are tested in the module of their subject:
//!
//! | attack | tested in |
//! |---|---|
//! | parallel wrong or right codes, guesses from many sources | `races::codes` |
//! | uncounted wrong guesses, replayed codes, an oracle for used codes | `verify_session` |
//! | guesses spread over codes or over spellings of an address | `attacks::guesses`, `readme` |
//! | guesses from many sources, which the log shows | `request_log` |
//! | locking a victim out, concurrent sign-ins | `attacks::guesses` |
//! | lists of addresses, arrays, duplicate keys, disguised addresses | `input` |
//! | bodies in other encodings or costly to parse, numbers that would be rounded | `input` |
//! | other spellings of an address, tags and dots in it | `create_user`, `limits` |
//! | text that looks like a key of the table, or a path | `create_user`, `input` |
//! | the code of another user or of another purpose | `verify_email`, `verify_session` |
//! | the code of an address that was deleted or has moved | `verify_email`, `verify_session` |
//! | skipped verification | `conventions` |
//! | an account or an address that is registered in advance | `attacks::takeover` |
//! | a stolen bearer token, an old one or a fresh one | `step_up`, `recovery` |
//! | squatting on a removed address, coming back after a removal | `recovery` |
//! | a disguised or reserved alias | `create_user`, `input` |
//! | a user agent that hides text | `attacks::source` |
//! | members that only the service may set | `create_user`, `create_email` |
//! | objects of another user | `delete_email`, `prefer_email`, `close_session` |
//! | preferring and deleting an address concurrently | `races::account` |
//! | identifiers and stored hashes as bearer tokens | `check_session` |
//! | ambiguous `Authorization` headers, cookies, overridden methods | `conventions` |
//! | items created by a guess | `attacks::guesses` |
//! | key pairs of others, mixed up, or as bearers | `attacks::key_pairs`, `check_keypair` |
//! | codes of key pairs that were ended | `verify_keypair`, `attacks::key_pairs` |
//! | closing a pending session | `close_session` |
//! | items that have expired but are not deleted | `check_session`, `attacks::takeover` |
//! | endless session extension | `extend_session` |
//! | session fixation | `create_user`, `create_session`, `attacks::takeover` |
//! | enumeration of addresses | `enumeration`, `closed_sign_up`, `conventions` |
//! | sign-ups from outside of a closed deployment | `closed_sign_up` |
//! | secrets in the table, the stream or the log | `secrets` |
//! | header injection, phishing and floods by email | `attacks::emails`, `races` |
//! | a user agent as a message | `send_mail` |
//! | a flood of changes of an account | `account_changes` |
//! | a flood of notices, an outage of SES | `deliveries::lanes` |
//! | a slow SES, lost responses to a lease | `deliveries::slow_ses`, `deliveries::table_faults` |
//! | complaints that lock an owner out | `mail_events` |
//! | poisoned `Host` headers | `attacks::network`, `input::events` |
//! | a spoofed source address, with or without a trusted proxy | `create_user`, `attacks::source` |
//! | forms of other sites | `input` |
//! | header injection into responses | `input` |
//! | failures of the table that bypass a check | `attacks::guesses` |
//! | lists that exceed one page of DynamoDB | `attacks::network` |

mod emails;
mod guesses;
mod key_pairs;
mod network;
mod source;
mod takeover;
