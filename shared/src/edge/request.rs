//! A request as a handler sees it: read, but not validated.

use std::collections::HashMap;

use lambda_http::http::Method;

use crate::{
    domain::{
        bearer_token::BearerToken,
        id::Id,
        key_pair::{ApiKey, ApiSecret},
        request_context::RequestContext,
    },
    edge::{FromBody, FromJson, body},
    error::Error,
};

/// A request to an endpoint.
pub struct Request {
    /// The time, client and language of the request.
    pub context: RequestContext,
    /// The HTTP method.
    pub method: Method,
    /// The path, decoded.
    pub path: String,
    /// Whether a browser asks if a page of another origin may send a request (Fetch,
    /// "CORS-preflight request").
    pub is_preflight: bool,
    pub(super) credentials: Credentials,
    pub(super) is_json: bool,
    pub(super) path_parameters: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// The headers that authenticate. One that is repeated or not readable is empty: of two headers,
/// neither is trusted over the other.
pub(super) struct Credentials {
    pub(super) authorization: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) api_secret: Option<String>,
}

impl Request {
    /// Returns the bearer token of the request, if it has one. The token has not been looked up.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is an `Authorization` header that cannot be valid.
    pub fn bearer_token(&self) -> Result<Option<BearerToken>, Error> {
        let read = |value: &String| BearerToken::from_header(value).ok_or(Error::Unauthenticated);
        self.credentials.authorization.as_ref().map(read).transpose()
    }

    /// Returns the key pair of the request. It has not been looked up.
    ///
    /// # Errors
    /// [`Error::UnknownKeyPair`] unless there are one `api-key` and one `api-secret` header in
    /// their forms.
    pub fn key_pair(&self) -> Result<(ApiKey, ApiSecret), Error> {
        let Credentials { api_key, api_secret, .. } = &self.credentials;
        let key = api_key.as_deref().and_then(ApiKey::from_header);
        let secret = api_secret.as_deref().and_then(ApiSecret::from_header);
        key.zip(secret).ok_or(Error::UnknownKeyPair)
    }

    /// Returns the `{id}` of the path.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not a UUID.
    pub fn path_id<Kind>(&self) -> Result<Id<Kind>, Error> {
        let text = self.path_parameters.get("id").map_or("", String::as_str);
        Id::from_json(&text.into()).map_err(|rejection| Error::rejected("id", rejection))
    }

    /// Returns the `{id}` of the path, or `id` if the path has this `name` instead.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is neither the name nor a UUID.
    pub fn path_id_or<Kind>(&self, name: &str, id: Id<Kind>) -> Result<Id<Kind>, Error> {
        let is_named = self.path_parameters.get("id").is_some_and(|text| text == name);
        if is_named { Ok(id) } else { self.path_id() }
    }

    /// Returns a parameter of the query string.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not a JSON object; [`Error::Invalid`] with every member that
    /// is missing or invalid.
    pub fn body<T: FromBody>(&self) -> Result<T, Error> {
        if !self.is_json {
            return Err(Error::Malformed("Send a JSON body with the header Content-Type: application/json"));
        }
        body::read(&self.body)
    }
}
