//! The boundary to API Gateway: an event comes in, a response goes out, and nothing else can.

mod access;
mod body;
mod client_ip;
mod codes;
mod endpoint;
mod event;
mod listed;
mod log;
mod request;
mod response;

pub use self::{
    access::{Access, ByKeyPair, Credential, Fresh, Public},
    body::{FromBody, FromJson, Members},
    codes::{CodeRequested, CodeSubmission, SessionRequested},
    endpoint::{DEADLINE, Endpoint, respond, serve},
    listed::{ListedEmail, ListedKeyPair, ListedSession},
    log::{Metric, start as start_log},
    request::Request,
    response::{Acknowledged, Client, Response},
};
