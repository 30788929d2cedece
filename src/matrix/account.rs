//! What a homeserver tells about the account of a person: whether it has a profile and devices.

use std::collections::BTreeMap;

use ruma::{
    UserId,
    api::client::{keys::get_keys, profile::get_profile},
};

use super::{error::Error, intent::Intent};

impl Intent {
    /// Returns whether `user` has a profile; an account that was erased has none.
    pub async fn has_profile(&self, user: &UserId) -> Result<bool, Error> {
        let request = get_profile::v3::Request::new(user.to_owned());
        match self.homeserver().request(request, self.identity()).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns whether `user` has a device with keys, which all clients for people make. The
    /// devices of an account are removed when it is deactivated.
    pub async fn has_device(&self, user: &UserId) -> Result<bool, Error> {
        let mut request = get_keys::v3::Request::new();
        request.device_keys = BTreeMap::from([(user.to_owned(), Vec::new())]);
        let answer = self.homeserver().request(request, self.identity()).await?;
        Ok(answer.device_keys.get(user).is_some_and(|devices| !devices.is_empty()))
    }
}
