//! Attacks that were seen on real systems, each as a scenario with an attacker and a victim. Some
//! of them are tested in the module of their subject:
//!
//! | attack | tested in |
//! |---|---|
//! | parallel wrong or right codes, guesses from many sources | `races::codes` |
//! | a wrong guess that is not counted, replayed codes | `verify_session`, `attacks::takeover` |
//! | guesses spread over codes or over spellings of an address | `attacks::guesses` |
//! | locking a victim out, concurrent sign-ins | `attacks::guesses` |
//! | lists of addresses, arrays, duplicate keys, disguised addresses | `input` |
//! | other spellings of an address | `create_user` |
//! | the code of another user or of another purpose | `verify_email` |
//! | skipped verification | `conventions` |
//! | an account or an address that is registered in advance | `attacks::takeover` |
//! | a disguised alias | `create_user`, `attacks::variations` |
//! | objects of another user | `delete_email`, `prefer_email`, `close_session` |
//! | preferring and deleting an address concurrently | `races::account` |
//! | identifiers as bearer tokens | `attacks::takeover` |
//! | items created by a guess | `attacks::guesses` |
//! | closing a pending session | `close_session` |
//! | items that have expired but are not deleted | `check_session`, `attacks::takeover` |
//! | endless session extension | `extend_session` |
//! | session fixation | `create_user`, `attacks::takeover` |
//! | enumeration of addresses | `enumeration` |
//! | secrets in the table, the stream or the log | `secrets` |
//! | header injection, phishing and floods by email | `attacks::emails`, `races` |
//! | poisoned `Host` headers | `attacks::network`, `edge_cases` |
//! | a spoofed source address | `create_user` |
//! | forms of other sites | `input` |
//! | header injection into responses | `attacks::network` |
//! | failures of the table that bypass a check | `attacks::guesses` |
//! | lists that exceed one page of DynamoDB | `attacks::network` |

mod emails;
mod guesses;
mod network;
mod takeover;
mod variations;
