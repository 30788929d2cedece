//! Carries the requests of a machine to the homeserver, and the answers back.

use matrix_sdk_crypto::{
    CrossSigningBootstrapRequests,
    types::requests::{
        AnyIncomingResponse, AnyOutgoingRequest, KeysQueryRequest, OutgoingRequest, ToDeviceRequest,
    },
};
use ruma::api::client::{
    keys::{get_keys, upload_signing_keys},
    to_device::send_event_to_device,
};

use super::{CryptoError, machine::Machine};

impl Machine {
    /// Makes the requests that are due, and mends sessions that are broken.
    pub(super) async fn carry_due(&self) -> Result<(), CryptoError> {
        let _one_at_a_time = self.carrying().await;
        self.carry_outgoing().await?;
        self.carry_claims(&[]).await
    }

    /// Makes the requests that are due; only for who holds the place of [`Machine::carrying`].
    pub(super) async fn carry_outgoing(&self) -> Result<(), CryptoError> {
        for request in self.olm().outgoing_requests().await.map_err(CryptoError::store)? {
            self.carry(&request).await?;
        }
        Ok(())
    }

    /// Begins sessions with those devices of `users` that have none, and mends broken ones; only
    /// for who holds the place of [`Machine::carrying`].
    pub(super) async fn carry_claims(
        &self,
        users: &[ruma::OwnedUserId],
    ) -> Result<(), CryptoError> {
        let users = users.iter().map(AsRef::as_ref);
        let missing = self.olm().get_missing_sessions(users).await.map_err(CryptoError::store)?;
        let Some((id, request)) = missing else { return Ok(()) };
        let answer = self.device().ask(request).await?;
        self.olm().mark_request_as_sent(&id, &answer).await.map_err(CryptoError::store)
    }

    /// Uploads an identity and the signatures that belong to it.
    pub(super) async fn carry_identity(
        &self,
        requests: CrossSigningBootstrapRequests,
    ) -> Result<(), CryptoError> {
        if let Some(keys) = &requests.upload_keys_req {
            self.carry(keys).await?;
        }
        let keys = requests.upload_signing_keys_req;
        let mut request = upload_signing_keys::v3::Request::new();
        request.master_key = keys.master_key.as_ref().map(|key| key.to_raw());
        request.self_signing_key = keys.self_signing_key.as_ref().map(|key| key.to_raw());
        request.user_signing_key = keys.user_signing_key.as_ref().map(|key| key.to_raw());
        let answer = self.device().ask(request).await?;
        let (id, answer) =
            (ruma::TransactionId::new(), AnyIncomingResponse::SigningKeysUpload(&answer));
        self.olm().mark_request_as_sent(&id, answer).await.map_err(CryptoError::store)?;
        self.device().ask(requests.upload_signatures_req).await?;
        Ok(())
    }

    /// Sends messages to devices.
    pub(super) async fn carry_to_devices(
        &self,
        request: &ToDeviceRequest,
    ) -> Result<(), CryptoError> {
        let sent = send_event_to_device::v3::Request::new_raw(
            request.event_type.clone(),
            request.txn_id.clone(),
            request.messages.clone(),
        );
        let answer = self.device().ask(sent).await?;
        self.olm().mark_request_as_sent(&request.txn_id, &answer).await.map_err(CryptoError::store)
    }

    /// Asks for the keys of users.
    pub(super) async fn carry_query(
        &self,
        id: &ruma::TransactionId,
        request: &KeysQueryRequest,
    ) -> Result<get_keys::v3::Response, CryptoError> {
        let mut asked = get_keys::v3::Request::new();
        asked.timeout = request.timeout;
        asked.device_keys.clone_from(&request.device_keys);
        let answer = self.device().ask(asked).await?;
        self.olm().mark_request_as_sent(id, &answer).await.map_err(CryptoError::store)?;
        Ok(answer)
    }

    async fn carry(&self, request: &OutgoingRequest) -> Result<(), CryptoError> {
        let (device, id) = (self.device(), request.request_id());
        let done = match request.request() {
            AnyOutgoingRequest::KeysUpload(request) => {
                let answer = device.ask(request.clone()).await?;
                self.olm().mark_request_as_sent(id, &answer).await
            }
            AnyOutgoingRequest::KeysQuery(request) => {
                return self.carry_query(id, request).await.map(drop);
            }
            AnyOutgoingRequest::KeysClaim(request) => {
                let answer = device.ask(request.clone()).await?;
                self.olm().mark_request_as_sent(id, &answer).await
            }
            AnyOutgoingRequest::ToDeviceRequest(request) => {
                return self.carry_to_devices(request).await;
            }
            AnyOutgoingRequest::SignatureUpload(request) => {
                let answer = device.ask(request.clone()).await?;
                self.olm().mark_request_as_sent(id, &answer).await
            }
            // Interactive verification within a room, which the bridge does not do.
            AnyOutgoingRequest::RoomMessage(_) => Ok(()),
        };
        done.map_err(CryptoError::store)
    }
}
