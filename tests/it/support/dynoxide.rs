//! The functions' table is in dynoxide, the stack's own implementation of DynamoDB. ministack.rs
//! has the same functions for another implementation, which needs more of them.

use std::future::{Ready, ready};

use local::Stack;

use super::Product;

/// Returns variables for the functions: none, because the template's are right.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    Vec::new()
}

pub(super) fn url(stack: &Stack) -> &str {
    stack.dynamodb_url()
}

pub(super) async fn table_name(product: &Product) -> String {
    let tables = product.dynamodb().list_tables().send().await.expect("the tables");
    tables.table_names().first().expect("a table").clone()
}

/// Does nothing, because the stack has created its table.
pub(super) fn create_table(_: &Product) -> Ready<()> {
    ready(())
}

/// Does nothing, because the stack reads the stream of the table.
pub(super) fn send_pending_emails(_: &Product) -> Ready<()> {
    ready(())
}
