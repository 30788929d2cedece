//! The phone page, a web page that looks like a phone. It uses the control routes only.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::state::Shared;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("phone.html"))))
        .route("/phone.css", get(|| file("text/css; charset=utf-8", include_str!("phone.css"))))
        .route(
            "/phone.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("phone.js"))),
        )
        .route(
            "/words.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("words.js"))),
        )
}

async fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data: blob:; media-src 'self'",
        ),
    ];
    (headers, content).into_response()
}
