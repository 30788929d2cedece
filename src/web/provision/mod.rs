//! The provisioning API, which lets programs do what people do with commands.
//!
//! It is a subset of the mautrix bridges' API (docs/provisioning.md). A request is authorised by
//! the shared secret or by a Matrix access token, and answered by a [`Desk`].

mod about;
mod access;
mod refusal;
mod step;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State, rejection::PathRejection},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, StatusCode, Uri, header};
use ruma::{OwnedUserId, UserId};
use serde_json::{Value, json};
use url::form_urlencoded;

pub use about::{LinkedContact, Standing, Whoami};
use access::{Asker, Door};
use refusal::ProvisioningRefusal;

use super::stage::{Watched, is_plausible};
use crate::secret::Secret;

/// The bridge's side of the API. Each answer is for one user, and about that user only.
pub trait Desk: Send + Sync + 'static {
    /// Returns whether this is the secret that lets a program act for any user.
    fn is_shared_secret(&self, shown: &str) -> bool;
    /// Returns whether users may authorise themselves with their own Matrix access tokens.
    fn takes_matrix_tokens(&self) -> bool;
    /// Returns the owner of a Matrix access token.
    fn owner_of(&self, token: Secret) -> BoxFuture<'_, Result<OwnedUserId, Unproven>>;
    /// Returns whether this user may link contacts.
    fn may_link(&self, user: &UserId) -> bool;
    /// Returns the bridge as this user sees it.
    fn about(&self, user: &UserId) -> Whoami;
    /// Starts a login.
    fn begin(&self, user: &UserId, wish: Wish) -> Result<Arc<dyn Process>, NotBegun>;
    /// Returns a login that [`Desk::begin`] started, also for a while after its end.
    fn process(&self, user: &UserId, id: &str) -> Option<Arc<dyn Process>>;
    /// Logs out of one contact, or of all.
    fn log_out(&self, user: &UserId, login: Option<u32>)
    -> BoxFuture<'_, Result<(), NotLoggedOut>>;
}

/// A login that a program follows.
pub trait Process: Watched {
    /// Returns its id in the API.
    fn id(&self) -> &str;
    /// Cancels the login.
    fn cancel(&self);
}

/// The options of a new login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The name of the contact.
    pub name: Option<String>,
    /// The login that is linked again.
    pub login: Option<u32>,
}

/// The reason why a token has no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// The homeserver does not know the token.
    Unknown,
    /// The homeserver does not answer.
    Away,
}

/// The reason why no login was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBegun {
    /// The login to link again is not one of the user's.
    NoSuchLogin,
    /// Too many logins of this user are running.
    TooMany,
}

/// The reason why no login was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLoggedOut {
    /// The login is not one of the user's.
    NoSuchLogin,
    /// The bridge is stopping.
    Stopping,
}

/// Returns the routes of the API under `/_matrix/provision/v3`.
pub fn router(desk: impl Desk) -> Router {
    let door = Arc::new(Door::new(desk));
    let desk = door.desk();
    let at = |path: &str| format!("{BASE}{path}");
    Router::new()
        .route(&at("/whoami"), get(whoami))
        .route(&at("/logins"), get(logins))
        .route(&at("/login/flows"), get(|| async { done(json!({ "flows": about::flows() })) }))
        .route(&at("/login/start/{flow}"), post(start))
        .route(&at("/login/step/{process}/{step}/display_and_wait"), post(wait))
        .route(&at("/login/step/{process}/{step}/user_input"), post(enter))
        .route(&at("/login/cancel/{process}"), post(cancel))
        .route(&at("/logout/{login}"), post(log_out))
        .route_layer(from_fn_with_state(door, access::admit))
        .route(&at("/openapi.yaml"), get(description))
        .method_not_allowed_fallback(|| async { ProvisioningRefusal::Method })
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(from_fn(access::for_browsers))
        .with_state(desk)
}

type AnyDesk = Arc<dyn Desk>;
type ProvisioningAnswer = Result<Response, ProvisioningRefusal>;
type Named = Result<Path<String>, PathRejection>;

async fn whoami(State(desk): State<AnyDesk>, Extension(Asker(user)): Extension<Asker>) -> Response {
    done(desk.about(&user).whoami())
}

async fn logins(State(desk): State<AnyDesk>, Extension(Asker(user)): Extension<Asker>) -> Response {
    let logins = desk.about(&user).logins;
    let ids: Vec<_> = logins.iter().map(|login| login.id.to_string()).collect();
    done(json!({ "login_ids": ids }))
}

async fn start(
    State(desk): State<AnyDesk>,
    Extension(Asker(user)): Extension<Asker>,
    flow: Named,
    uri: Uri,
) -> ProvisioningAnswer {
    let Ok(Path(flow)) = flow else { return Err(ProvisioningRefusal::NoSuchFlow) };
    if flow != about::FLOW {
        return Err(ProvisioningRefusal::NoSuchFlow);
    }
    let login = match asked(&uri, "login_id") {
        None => None,
        Some(id) => Some(login_number(&id).ok_or(ProvisioningRefusal::NoSuchLogin)?),
    };
    let process = desk.begin(&user, Wish { name: asked(&uri, "name"), login })?;
    step::first(&*process, FIRST_CODE).await.map(done)
}

async fn wait(
    State(desk): State<AnyDesk>,
    Extension(Asker(user)): Extension<Asker>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
) -> ProvisioningAnswer {
    let (process, step) = named(&*desk, &user, path)?;
    let seen = step::seen(&step, step::WAITING).ok_or(ProvisioningRefusal::NoSuchStep)?;
    step::after(&*process, seen, step::WAITING, patience(&uri)?).await.map(done)
}

async fn enter(
    State(desk): State<AnyDesk>,
    Extension(Asker(user)): Extension<Asker>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> ProvisioningAnswer {
    let (process, step) = named(&*desk, &user, path)?;
    let seen = step::seen(&step, step::ASKING).ok_or(ProvisioningRefusal::NoSuchStep)?;
    let hold = patience(request.uri())?;
    let digits = digits_in(&whole_body(request).await?)?;
    if process.stages().borrow().number == seen {
        // If digits have come from elsewhere in the meantime, the next step shows it.
        process.enter(&digits);
    }
    step::after(&*process, seen, step::ASKING, hold).await.map(done)
}

async fn cancel(
    State(desk): State<AnyDesk>,
    Extension(Asker(user)): Extension<Asker>,
    process: Named,
) -> ProvisioningAnswer {
    let Ok(Path(id)) = process else { return Err(ProvisioningRefusal::NoSuchProcess) };
    desk.process(&user, &id).ok_or(ProvisioningRefusal::NoSuchProcess)?.cancel();
    Ok(done(json!({})))
}

async fn log_out(
    State(desk): State<AnyDesk>,
    Extension(Asker(user)): Extension<Asker>,
    login: Named,
) -> ProvisioningAnswer {
    let Ok(Path(id)) = login else { return Err(ProvisioningRefusal::NoSuchLogin) };
    let login = match id.as_str() {
        "all" => None,
        id => Some(login_number(id).ok_or(ProvisioningRefusal::NoSuchLogin)?),
    };
    desk.log_out(&user, login).await?;
    Ok(done(json!({})))
}

async fn description() -> Response {
    let kind = HeaderValue::from_static("application/yaml");
    ([(header::CONTENT_TYPE, kind)], DESCRIPTION).into_response()
}

fn named(
    desk: &dyn Desk,
    user: &UserId,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(Arc<dyn Process>, String), ProvisioningRefusal> {
    let Ok(Path((process, step))) = path else { return Err(ProvisioningRefusal::NoSuchProcess) };
    Ok((desk.process(user, &process).ok_or(ProvisioningRefusal::NoSuchProcess)?, step))
}

/// Returns the first value of this name in the query; an empty one counts as absent.
fn asked(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let value = pairs.find(|(key, _)| key == name)?.1.into_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// Returns how long an answer may be held, from `timeout` in milliseconds.
fn patience(uri: &Uri) -> Result<Duration, ProvisioningRefusal> {
    let Some(asked) = asked(uri, "timeout") else { return Ok(LONGEST_HOLD) };
    let millis = asked.parse().map_err(|_| ProvisioningRefusal::BadTimeout)?;
    Ok(Duration::from_millis(millis).min(LONGEST_HOLD))
}

/// Parses a login's number in the form that [`Whoami`] writes.
fn login_number(id: &str) -> Option<u32> {
    id.parse().ok().filter(|number: &u32| number.to_string() == id)
}

async fn whole_body(request: Request) -> Result<Bytes, ProvisioningRefusal> {
    let body = Bytes::from_request(request, &());
    match tokio::time::timeout(BODY_PATIENCE, body).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(ProvisioningRefusal::TooLarge)
        }
        Ok(Err(_)) => Err(ProvisioningRefusal::NotJson),
        Err(_) => Err(ProvisioningRefusal::TooSlow),
    }
}

fn digits_in(body: &[u8]) -> Result<String, ProvisioningRefusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| ProvisioningRefusal::NotJson)?;
    let digits =
        body.get(step::DIGITS).and_then(Value::as_str).ok_or(ProvisioningRefusal::NoDigits)?.trim();
    is_plausible(digits).then(|| digits.to_owned()).ok_or(ProvisioningRefusal::BadDigits)
}

fn done(body: Value) -> Response {
    answer(StatusCode::OK, &body)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    // The answer is about one user, and may contain a code.
    let store = HeaderValue::from_static("no-store");
    let headers = [(header::CONTENT_TYPE, json), (header::CACHE_CONTROL, store)];
    (status, headers, body.to_string()).into_response()
}

const BASE: &str = "/_matrix/provision/v3";
const DESCRIPTION: &str = include_str!("../../../docs/openapi.yaml");
/// The longest time that an answer is held; proxies give up after a minute.
const LONGEST_HOLD: Duration = Duration::from_secs(50);
/// How long the answer to the start of a login waits for WeChat's first code.
const FIRST_CODE: Duration = Duration::from_secs(20);
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// The greatest length of a body in bytes.
const MOST_BYTES: usize = 4096;

#[cfg(test)]
mod tests;
