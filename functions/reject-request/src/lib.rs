//! Rejects every request that no other function serves, as the problem that clients expect from any
//! endpoint. It reads and writes nothing.
//!
//! 403 for `GET /user/by-email` · 404 for every other path and method

use shared::{
    App, Endpoint, Error, Request,
    edge::{Acknowledged, Public},
};

/// `GET /user/by-email`, and the API's `$default` route: rejects the request.
#[derive(Debug)]
pub struct RejectRequest;

impl Endpoint for RejectRequest {
    const NAME: &'static str = "reject-request";
    const USES_TABLE: bool = false;
    type Access = Public;
    type Output = Acknowledged;

    async fn handle(_: &App, request: &Request, _: Public) -> Result<Acknowledged, Error> {
        // API Gateway responds to preflight requests itself (Developer Guide, "Configure CORS for
        // HTTP APIs"). The guide also says that the `$default` route catches OPTIONS requests, and
        // that API Gateway then adds its CORS headers to the response. A refusal would deny the
        // request that the browser asks for, so a preflight request succeeds in either case.
        if request.is_preflight {
            return Ok(Acknowledged::new());
        }
        // The public SDKs ask here whether an address has an account. To them, a 404 means that it
        // has none.
        if request.method == "GET" && request.path.ends_with("/user/by-email") {
            return Err(Error::Forbidden(
                "Whether an address has an account is never disclosed. Sign in with POST /session, or sign up with \
                POST /user.",
            ));
        }
        Err(Error::NotFound("There is no such path and method. Compare them with the description of the API."))
    }
}
