//! A request, as a handler sees it: read, but nothing in it believed yet.

use std::{collections::HashMap, sync::OnceLock};

use lambda_http::http::Method;

use super::body::{self, Form};
use crate::{
    Bearer, Call, Error,
    edge::body::Field,
    error::FieldError,
    id::{Id, UserId},
};

/// What was sent to an endpoint.
pub struct Request {
    /// When, and from whom.
    pub call: Call,
    pub(super) method: Method,
    pub(super) authorization: Option<String>,
    pub(super) is_json: bool,
    pub(super) path_parameters: HashMap<String, String>,
    pub(super) body: Vec<u8>,
    pub(super) user: OnceLock<UserId>,
}

impl Request {
    /// Notes whose it is, for the log. Whoever was noted first, stays.
    pub fn is_of(&self, user: UserId) {
        self.user.get_or_init(|| user);
    }

    /// The bearer that came with it, which nobody has looked up yet.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is none, or none that could be one.
    pub fn bearer(&self) -> Result<Bearer, Error> {
        self.optional_bearer()?.ok_or(Error::Unauthenticated)
    }

    /// The bearer that came with it, if any did.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is an `Authorization` header that can't be right.
    pub fn optional_bearer(&self) -> Result<Option<Bearer>, Error> {
        let read = |value: &String| Bearer::from_header(value).ok_or(Error::Unauthenticated);
        self.authorization.as_ref().map(read).transpose()
    }

    /// The `{id}` of the path.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is no UUID.
    pub fn path_id<Kind>(&self) -> Result<Id<Kind>, Error> {
        let text = self.path_parameters.get("id").map_or("", String::as_str);
        Id::from_json(&text.into()).map_err(|message| Error::Invalid(vec![FieldError { field: "id", message }]))
    }

    /// Reads the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is no JSON object; [`Error::Invalid`] with every field that is missing or wrong.
    pub fn form<F: Form>(&self) -> Result<F, Error> {
        if !self.is_json {
            return Err(Error::Malformed("Send a JSON body with the header Content-Type: application/json"));
        }
        body::read(&self.body)
    }
}
