//! The pages and endpoints of the listener for others than the homeserver: health, metrics, the
//! link page, the provisioning API. Knows nothing of chats.

pub mod link;
pub mod listener;
pub mod metrics;
pub mod provision;
pub mod stage;

use std::{sync::Arc, time::Duration};

use axum::{Router, response::Response, routing::get};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use metrics::Metric;

/// The health of the bridge at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Whether changes can be stored durably.
    pub store: bool,
    /// Whether the homeserver answered the last request.
    pub homeserver: bool,
    /// The number of logins that poll.
    pub polling: usize,
    /// The number of logins whose last good poll is too long ago.
    pub stale: usize,
    /// The longest time since a login's last answered poll.
    pub oldest_poll: Option<Duration>,
    /// The number of polls that hung or broke off since the start.
    pub cut_polls: u64,
    /// The number of unfinished entries.
    pub unfinished: u64,
}

impl Report {
    /// Returns whether everything works. A login that is logged out does not count: only its owner
    /// can link it again.
    pub fn is_ready(&self) -> bool {
        self.store && self.homeserver && self.stale == 0
    }
}

/// Returns the routes `GET /health`, which answers while the program lives; `GET /ready`, which
/// answers 200 when everything works and otherwise 503 with the reason; and `GET /metrics`. None of
/// them names a user or a contact.
pub fn router(
    report: impl Fn() -> Report + Send + Sync + 'static,
    figures: impl Fn() -> Vec<Metric> + Send + Sync + 'static,
) -> Router {
    let (report, figures) = (Arc::new(report), Arc::new(figures));
    Router::new()
        .route("/metrics", get(move || async move { scraped(metrics::encode(figures())) }))
        .route("/health", get(|| async { answer(StatusCode::OK, &json!({ "live": true })) }))
        .route("/ready", get(move || async move { ready(report()) }))
}

fn ready(report: Report) -> Response {
    let status = match report.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({
        "ready": report.is_ready(),
        "store": report.store,
        "homeserver": report.homeserver,
        "polling": report.polling,
        "stale": report.stale,
        "oldest_poll_seconds": report.oldest_poll.map(|age| age.as_secs()),
        "cut_polls": report.cut_polls,
        "unfinished": report.unfinished,
    });
    answer(status, &body)
}

fn scraped(text: String) -> Response {
    let mut response = Response::new(text.into());
    let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Report = Report {
        store: true,
        homeserver: true,
        polling: 2,
        stale: 0,
        oldest_poll: Some(Duration::from_secs(30)),
        cut_polls: 1,
        unfinished: 3,
    };

    #[test]
    fn one_thing_that_does_not_work_is_enough() {
        assert!(WELL.is_ready());
        assert!(!Report { store: false, ..WELL }.is_ready());
        assert!(!Report { homeserver: false, ..WELL }.is_ready());
        assert!(!Report { stale: 1, ..WELL }.is_ready());
        assert!(Report { polling: 0, oldest_poll: None, ..WELL }.is_ready());
    }

    #[test]
    fn the_status_says_it_too() {
        assert_eq!(ready(WELL).status(), StatusCode::OK);
        assert_eq!(ready(Report { stale: 1, ..WELL }).status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
