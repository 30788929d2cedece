//! The connection pool to the homeserver, through which every request goes.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::header::AUTHORIZATION;
use ruma::{
    DeviceId, OwnedDeviceId, OwnedUserId, RoomVersionId, UserId,
    api::{
        AppserviceUserIdentity, IncomingResponse, MatrixVersion, OutgoingRequest,
        OutgoingRequestAppserviceExt, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            account::whoami, appservice::request_ping, discovery::get_capabilities,
            discovery::get_supported_versions,
        },
        error::IntoHttpError,
        path_builder::VersionHistory,
    },
};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    error::Error, intent::Intent, registration::AsToken, requests::Requests, retry::OutageFlag,
};
use crate::{crash::Point, secret::Secret};

/// The settings of a [`Homeserver`].
#[derive(Debug, Clone)]
pub struct HomeserverOptions {
    /// The address of the client-server API, without `/_matrix`.
    pub url: Url,
    /// The token that authorises every request.
    pub as_token: AsToken,
    /// The one device of the bot and of each ghost. With a device the homeserver remembers
    /// transaction ids across its restarts.
    pub device_id: OwnedDeviceId,
    /// The proxy to the homeserver; the system's settings are ignored.
    pub proxy: Option<Url>,
}

/// The homeserver's client-server API; cheap to clone, since all clones share their connections.
#[derive(Clone)]
pub struct Homeserver(Arc<HomeserverInner>);

struct HomeserverInner {
    http: reqwest::Client,
    options: HomeserverOptions,
    supported: SupportedVersions,
    default_room_version: OnceCell<RoomVersionId>,
    upload_limit: OnceCell<Option<u64>>,
    outage: OutageFlag,
    requests: Requests,
}

impl Homeserver {
    /// Prepares the connections; sends nothing.
    pub fn new(options: HomeserverOptions) -> Result<Self, Error> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(proxy) = &options.proxy {
            http = http.proxy(reqwest::Proxy::all(proxy.clone()).map_err(unsendable)?);
        }
        Ok(Self(Arc::new(HomeserverInner {
            http: http.build().map_err(unsendable)?,
            options,
            supported: spoken(),
            default_room_version: OnceCell::new(),
            upload_limit: OnceCell::new(),
            outage: OutageFlag::default(),
            requests: Requests::default(),
        })))
    }

    /// Returns an intent that acts as `user`, which is the bot or a ghost of the namespace.
    pub fn intent(&self, user: &UserId) -> Intent {
        Intent::new(self.clone(), user.to_owned())
    }

    /// Returns the versions of the specification that the homeserver supports, as it writes them.
    pub async fn versions(&self) -> Result<Vec<String>, Error> {
        type Request = get_supported_versions::Request;
        let request = Request::new().try_into_http_request(self.base(), self.token(), ());
        Ok(self.exchange::<Request>(request).await?.versions)
    }

    /// Asks the homeserver who `user` is: shows that the token is valid and the user is in the
    /// namespace.
    pub async fn whoami(&self, user: &UserId) -> Result<OwnedUserId, Error> {
        let identity = AppserviceUserIdentity::new(user);
        Ok(self.request(whoami::v3::Request::new(), identity).await?.user_id)
    }

    /// Returns the owner of an access token. The request is made with that token instead of the
    /// bridge's.
    pub async fn owner_of(&self, token: &Secret) -> Result<OwnedUserId, Error> {
        type Request = whoami::v3::Request;
        let (token, spoken) = (SendAccessToken::Always(token.expose()), &self.0.supported);
        let request =
            Request::new().try_into_http_request(self.base(), token, Cow::Borrowed(spoken));
        Ok(self.exchange::<Request>(request).await?.user_id)
    }

    /// Returns the default version of new rooms. It is requested as `user` once, and then kept.
    pub async fn default_room_version(&self, user: &UserId) -> Result<RoomVersionId, Error> {
        let ask = || async {
            let identity = AppserviceUserIdentity::new(user);
            let request = get_capabilities::v3::Request::new();
            let response = self.request(request, identity).await?;
            Ok(response.capabilities.room_versions.default)
        };
        self.0.default_room_version.get_or_try_init(ask).await.cloned()
    }

    /// Asks the homeserver to reach the bridge's listener; returns how long that took.
    ///
    /// After a success the homeserver pushes at once what it has kept for the bridge.
    pub async fn ping(&self, appservice_id: &str, txn: &str) -> Result<Duration, Error> {
        let mut request = request_ping::v1::Request::new(appservice_id.to_owned());
        request.transaction_id = Some(txn.into());
        Ok(self.request(request, AppserviceUserIdentity::default()).await?.duration)
    }

    /// Returns whether the homeserver counts as unreachable: the last request that is worth
    /// repeating has failed.
    pub fn is_away(&self) -> bool {
        self.0.outage.is_on()
    }

    /// Returns how many requests ended in each way since the start, by short fixed names.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.requests.read()
    }

    /// Returns the address without a slash at the end.
    pub(super) fn address(&self) -> &str {
        self.base().trim_end_matches('/')
    }

    pub(super) fn device_id(&self) -> &DeviceId {
        &self.0.options.device_id
    }

    /// Counts `asking`, a request or several that belong together, as one request. It is also a
    /// place at which a test lets the program die.
    pub(super) async fn counted<T>(
        &self,
        place: &'static str,
        asking: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let point = Point::new(|| format!("matrix {place}"));
        point.before();
        let answer = asking.await;
        point.after();
        self.0.requests.note(&answer);
        answer
    }

    /// Returns the cache of the greatest upload; see `media.rs`.
    pub(super) fn known_upload_limit(&self) -> &OnceCell<Option<u64>> {
        &self.0.upload_limit
    }

    pub(super) fn outage(&self) -> &OutageFlag {
        &self.0.outage
    }

    /// Sends `request` in the name of `identity` and reads the answer.
    pub(super) async fn request<R>(
        &self,
        request: R,
        identity: AppserviceUserIdentity<'_>,
    ) -> Result<R::IncomingResponse, Error>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        self.request_with(&self.0.options.as_token, request, identity).await
    }

    /// Sends a request with the token of another registration than the bridge's.
    pub(super) async fn request_with<R>(
        &self,
        token: &AsToken,
        request: R,
        identity: AppserviceUserIdentity<'_>,
    ) -> Result<R::IncomingResponse, Error>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        self.exchange::<R>(self.written(token, request, identity)).await
    }

    /// Returns the HTTP form of `request` in the name of `identity`.
    fn written<R>(
        &self,
        token: &AsToken,
        request: R,
        identity: AppserviceUserIdentity<'_>,
    ) -> Result<http::Request<Vec<u8>>, IntoHttpError>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        let supported = Cow::Borrowed(&self.0.supported);
        let token = SendAccessToken::Always(token.expose());
        request.try_into_http_request_with_identity(self.base(), token, identity, supported)
    }

    /// Prepares a request for [`Self::start`], to which a body can still be added.
    pub(super) fn prepared<R>(
        &self,
        request: R,
        identity: AppserviceUserIdentity<'_>,
    ) -> Result<reqwest::Request, Error>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        ready(self.written(&self.0.options.as_token, request, identity))
    }

    /// Sends a request that carries a file or is answered by one; the caller limits its time.
    pub(super) async fn start(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, Error> {
        self.0.http.execute(request).await.map_err(unreachable)
    }

    async fn exchange<R: OutgoingRequest>(
        &self,
        request: Result<http::Request<Vec<u8>>, IntoHttpError>,
    ) -> Result<R::IncomingResponse, Error> {
        let answer = self.ask::<R>(request).await;
        self.0.requests.note(&answer);
        answer
    }

    async fn ask<R: OutgoingRequest>(
        &self,
        request: Result<http::Request<Vec<u8>>, IntoHttpError>,
    ) -> Result<R::IncomingResponse, Error> {
        let mut request = ready(request)?;
        *request.timeout_mut() = Some(REQUEST_TIMEOUT);
        let point = Point::request("matrix", request.url().path());
        point.before();
        let answer = success(self.start(request).await?).await;
        point.after();
        read_as::<R>(answer?)
    }

    fn base(&self) -> &str {
        self.0.options.url.as_str()
    }

    fn token(&self) -> SendAccessToken<'_> {
        SendAccessToken::Always(self.0.options.as_token.expose())
    }
}

impl fmt::Debug for Homeserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Homeserver").field(&self.0.options).finish()
    }
}

/// Returns the request in the form of the HTTP client; its token is marked as secret.
fn ready(
    request: Result<http::Request<Vec<u8>>, IntoHttpError>,
) -> Result<reqwest::Request, Error> {
    let mut request = request.map_err(unsendable)?;
    if let Some(token) = request.headers_mut().get_mut(AUTHORIZATION) {
        token.set_sensitive(true);
    }
    reqwest::Request::try_from(request).map_err(unsendable)
}

/// Returns the whole answer when it is a successful one.
pub(super) async fn success(response: reqwest::Response) -> Result<http::Response<Vec<u8>>, Error> {
    if response.status().is_success() {
        whole(response).await
    } else {
        Err(refusal(response).await)
    }
}

/// Returns the error of an answer that is not a successful one.
pub(super) async fn refusal(response: reqwest::Response) -> Error {
    match whole(response).await {
        Ok(answer) => Error::from_answer(answer.status(), answer.headers(), answer.body()),
        Err(error) => error,
    }
}

/// Reads the answer to an `R`.
pub(super) fn read_as<R: OutgoingRequest>(
    answer: http::Response<Vec<u8>>,
) -> Result<R::IncomingResponse, Error> {
    let status = answer.status().as_u16();
    R::IncomingResponse::try_from_http_response(answer).map_err(|_| Error::Garbled { status })
}

/// Reads the body up to the limit; a longer one is no valid answer.
async fn whole(mut response: reqwest::Response) -> Result<http::Response<Vec<u8>>, Error> {
    let mut body = Vec::new();
    let status = response.status();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::Garbled { status: status.as_u16() });
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// Returns the versions whose paths are used, whatever the homeserver announces: requests go to
/// `/v3`, the ping to `/v1` since 1.7, and media to `/v1` since 1.11.
fn spoken() -> SupportedVersions {
    SupportedVersions {
        versions: [MatrixVersion::V1_1, MatrixVersion::V1_7, MatrixVersion::V1_11].into(),
        features: Default::default(),
    }
}

pub(super) fn unreachable(error: reqwest::Error) -> Error {
    Error::Unreachable(error.without_url())
}

fn unsendable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unsendable(Box::new(error))
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time limit of a request; a homeserver under load may take this long to create a room.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// The greatest size of an answer; the members of a very large room fit into it.
const MAX_ANSWER_BYTES: usize = 16 << 20;
