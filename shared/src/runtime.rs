//! What the process gets from its platform: time, randomness and HTTPS. Nothing else reads them.

pub mod clock;
pub mod entropy;
pub mod http_client;
