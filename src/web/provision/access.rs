//! The authorisation of requests to the API.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        AUTHORIZATION,
    },
};
use ruma::OwnedUserId;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{Desk, ProvisioningRefusal, Unproven, asked};
use crate::secret::Secret;

/// The user for whom a request is made.
#[derive(Clone)]
pub(super) struct Asker(pub(super) OwnedUserId);

/// The check of every request's authorisation.
pub(super) struct Door {
    desk: Arc<dyn Desk>,
    known: Mutex<Known>,
    /// The places of requests that wait for the homeserver; their number is limited, since anyone
    /// can cause them.
    asking: Semaphore,
}

/// The owners of tokens, as the homeserver said, by the tokens' digests; each with its time.
#[derive(Default)]
struct Known(HashMap<Sha, (OwnedUserId, Instant)>);

type Sha = [u8; 32];

impl Known {
    fn owner(&self, token: &Sha, now: Instant) -> Option<OwnedUserId> {
        let (owner, since) = self.0.get(token)?;
        is_fresh(*since, now).then(|| owner.clone())
    }

    fn note(&mut self, token: Sha, owner: OwnedUserId, now: Instant) {
        self.0.retain(|_, (_, since)| is_fresh(*since, now));
        if self.0.len() < MOST_KNOWN {
            self.0.insert(token, (owner, now));
        }
    }
}

fn is_fresh(since: Instant, now: Instant) -> bool {
    now.duration_since(since) < BELIEVED
}

impl Door {
    pub(super) fn new(desk: impl Desk) -> Self {
        Self { desk: Arc::new(desk), known: Mutex::default(), asking: Semaphore::new(MOST_ASKING) }
    }

    pub(super) fn desk(&self) -> Arc<dyn Desk> {
        Arc::clone(&self.desk)
    }

    async fn user_of(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<OwnedUserId, ProvisioningRefusal> {
        let token = bearer(headers).ok_or(ProvisioningRefusal::MissingToken)?;
        let user = match asked(uri, "user_id") {
            None => None,
            Some(user) => {
                Some(OwnedUserId::try_from(user).map_err(|_| ProvisioningRefusal::BadUser)?)
            }
        };
        let user = if self.desk.is_shared_secret(token) {
            user.ok_or(ProvisioningRefusal::MissingUser)?
        } else if self.desk.takes_matrix_tokens() {
            let owner = self.owner_of(token).await?;
            if user.is_some_and(|user| user != owner) {
                return Err(ProvisioningRefusal::OtherUser);
            }
            owner
        } else {
            return Err(ProvisioningRefusal::UnknownToken);
        };
        self.desk.may_link(&user).then_some(user).ok_or(ProvisioningRefusal::NotAllowed)
    }

    /// Asks the homeserver for the owner of a token, unless a recent answer is known.
    async fn owner_of(&self, token: &str) -> Result<OwnedUserId, ProvisioningRefusal> {
        let digest: Sha = Sha256::digest(token.as_bytes()).into();
        let known = self.known().owner(&digest, Instant::now());
        if let Some(owner) = known {
            return Ok(owner);
        }
        let _place = self.asking.try_acquire().map_err(|_| ProvisioningRefusal::Crowded)?;
        let owner = self.desk.owner_of(Secret::new(token)).await.map_err(|why| match why {
            Unproven::Unknown => ProvisioningRefusal::UnknownToken,
            Unproven::Away => ProvisioningRefusal::HomeserverAway,
        })?;
        self.known().note(digest, owner.clone(), Instant::now());
        Ok(owner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses unauthorised requests before anything else is read, and adds the user to the others.
pub(super) async fn admit(
    State(door): State<Arc<Door>>,
    mut request: Request,
    next: Next,
) -> Response {
    let user = door.user_of(request.headers(), request.uri()).await;
    match user {
        Ok(user) => {
            request.extensions_mut().insert(Asker(user));
            next.run(request).await
        }
        Err(refusal) => {
            tracing::debug!(why = ?refusal, "a request to the provisioning API was refused");
            refusal.into_response()
        }
    }
}

/// Allows pages of any origin: a browser adds no credentials of its own to the requests.
pub(super) async fn for_browsers(request: Request, next: Next) -> Response {
    let mut response = match request.method() == Method::OPTIONS {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, X-Requested-With"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty())
}

/// How long the answer of the homeserver is used; a token that was revoked works this much longer.
const BELIEVED: Duration = Duration::from_secs(60);
const MOST_ASKING: usize = 16;
const MOST_KNOWN: usize = 1_000;

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;

    use super::*;

    #[test]
    fn a_token_is_believed_for_a_minute_and_few_are_remembered() {
        let (mut known, now) = (Known::default(), Instant::now());
        let alice = owned_user_id!("@alice:example.org");
        known.note([1; 32], alice.clone(), now);
        let almost = now + BELIEVED - Duration::from_secs(1);
        assert_eq!(known.owner(&[1; 32], almost), Some(alice.clone()));
        assert_eq!(known.owner(&[2; 32], almost), None);
        assert_eq!(known.owner(&[1; 32], now + BELIEVED), None);
        for number in 0..2_000_u32 {
            let mut token = [0; 32];
            token[..4].copy_from_slice(&number.to_be_bytes());
            known.note(token, alice.clone(), now);
        }
        assert_eq!(known.0.len(), MOST_KNOWN);
        known.note([3; 32], alice, now + BELIEVED);
        assert_eq!(known.0.len(), 1);
    }
}
