//! Where the outside begins: an API Gateway event comes in, an API Gateway response goes out, and nothing else can.

mod body;
mod endpoint;
mod event;
mod log;
mod request;
mod response;

pub use body::{Field, Fields, Form};
pub use endpoint::{DEADLINE, Endpoint, respond, serve, system_time};
pub use log::{Metric, start as start_log};
pub use request::Request;
pub use response::{Acknowledged, Response};
