//! The product's tests. They start what `cargo run` starts, in memory, and use it as its clients do: HTTP in; status, headers, body
//! and mail out. After each of them the whole table is checked against what must always hold.

mod accounts;
mod sign_up;
mod support;
