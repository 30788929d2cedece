//! `getuploadurl`, and the CDN's `upload` and `download`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::Call;
use crate::answer::{json_answer, refusal, session_timeout};
use crate::dropped::Reason;
use crate::id;
use crate::record::query_pairs;
use crate::state::Shared;

/// Announces an upload.
pub(crate) async fn upload_url(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body, "getuploadurl");
    shared.change(|world| {
        if !call.alive(world) {
            return session_timeout();
        }
        if world.find_user_of(&call.token) != call.body["to_user_id"].as_str() {
            return refusal(-1, "");
        }
        if !matches!(call.body["media_type"].as_u64(), Some(1..=4)) {
            return refusal(2, "");
        }
        let param = match world.cdn.announce(&call.body) {
            Ok(param) => param,
            Err(why) => {
                world.note_call(call.now_ms, "getuploadurl", Reason::BadUpload, &why);
                return refusal(-2, "invalid arguments");
            }
        };
        if world.limits.classic_upload {
            return json_answer(
                &json!({ "ret": 0, "upload_param": param, "thumb_upload_param": "" }),
            );
        }
        let (cdn, escaped, task) =
            (shared.cdn_url(), id::percent_encode(&param), id::random_hex(8));
        let filekey = call.body["filekey"].as_str().unwrap_or_default();
        let url =
            format!("{cdn}/upload?encrypted_query_param={escaped}&filekey={filekey}&taskid={task}");
        json_answer(&json!({ "upload_full_url": url }))
    })
}

/// Stores ciphertext; the answer's header `x-encrypted-param` is the download parameter.
pub(crate) async fn upload(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    let query = query_pairs(&uri);
    let find =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(param), Some(filekey)) = (find("encrypted_query_param"), find("filekey")) else {
        return cdn_error(StatusCode::BAD_REQUEST, "encrypted_query_param and filekey required");
    };
    // A URL that the client built from the parameter works for small bodies only, unless it is the
    // only form that was offered.
    let put_together =
        find("taskid").is_none() && !shared.quietly(|world| world.limits.classic_upload);
    if put_together && body.len() > PUT_TOGETHER_BYTES {
        return cdn_error(StatusCode::INTERNAL_SERVER_ERROR, "internal error");
    }
    let now_ms = shared.clock.now_ms();
    let stored = shared.change(|world| {
        let stored = world.cdn.store(param, filekey, body);
        if let Err(why) = &stored {
            world.note_call(now_ms, "upload", Reason::BadUpload, why);
        }
        stored
    });
    let stored =
        stored.and_then(|param| HeaderValue::from_str(&param).map_err(|error| error.to_string()));
    match stored {
        Ok(param) => ([("x-encrypted-param", param)], StatusCode::OK).into_response(),
        Err(why) => cdn_error(StatusCode::BAD_REQUEST, &why),
    }
}

/// Returns ciphertext.
pub(crate) async fn download(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let query = query_pairs(&uri);
    let Some((_, param)) = query.iter().find(|(key, _)| key == "encrypted_query_param") else {
        return cdn_error(StatusCode::BAD_REQUEST, "encrypted_query_param required");
    };
    match shared.quietly(|world| world.cdn.fetch(param)) {
        Some(cipher) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], cipher).into_response()
        }
        None => cdn_error(StatusCode::NOT_FOUND, "no such file"),
    }
}

fn cdn_error(status: StatusCode, why: &str) -> Response {
    let text = HeaderValue::from_str(why).unwrap_or(HeaderValue::from_static("error"));
    (status, [("x-error-message", text)], "").into_response()
}

const PUT_TOGETHER_BYTES: usize = 96 * 1024;
