//! The one line that every request leaves in the log (docs/operations.md, "The log").

use lambda_http::http::StatusCode;
use tokio::time::Instant;
use tracing::{Value, field::display};
use uuid::Uuid;

use crate::{Error, id::UserId};

/// What is known of a request whatever comes of it.
pub(super) struct Line {
    function: &'static str,
    began: Instant,
    cold_start: bool,
    /// Whose request it was, where that was found out.
    pub(super) user: Option<UserId>,
}

impl Line {
    /// The request begins now.
    pub(super) fn begin(function: &'static str, cold_start: bool) -> Self {
        Self { function, began: Instant::now(), cold_start, user: None }
    }

    pub(super) fn answered(&self, status: StatusCode) {
        let Self { function, cold_start, .. } = *self;
        let (status, duration_ms) = (status.as_u16(), self.milliseconds());
        tracing::info!(function, status, duration_ms, cold_start, user.id = self.user_id(), "answered");
    }

    /// `id` is the same as in the answer.
    pub(super) fn refused(&self, error: &Error, id: Uuid) {
        let Self { function, cold_start, .. } = *self;
        let (status, duration_ms, kind) = (error.status().as_u16(), self.milliseconds(), error.kind());
        if error.status().is_server_error() {
            let cause = error.cause();
            tracing::error!(function, status, duration_ms, cold_start, user.id = self.user_id(), error.id = %id, error.kind = kind, cause, "{error}");
        } else {
            tracing::warn!(function, status, duration_ms, cold_start, user.id = self.user_id(), error.id = %id, error.kind = kind, "{error}");
        }
    }

    /// To the microsecond.
    fn milliseconds(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    fn user_id(&self) -> Option<impl Value> {
        self.user.map(display)
    }
}
