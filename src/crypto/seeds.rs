//! The three seeds of a cross-signing identity, which restore it under another device.

use matrix_sdk_crypto::CrossSigningKeyExport;

use crate::secret::Secret;

/// The private keys of an identity, each as unpadded base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds {
    /// What the identity is.
    pub master: Secret,
    /// What signs its devices.
    pub self_signing: Secret,
    /// What signs other users.
    pub user_signing: Secret,
}

impl Seeds {
    /// Returns the seeds of an export that has all three.
    pub(super) fn of(export: &CrossSigningKeyExport) -> Option<Self> {
        let seed = |key: &Option<String>| key.as_deref().map(Secret::new);
        Some(Self {
            master: seed(&export.master_key)?,
            self_signing: seed(&export.self_signing_key)?,
            user_signing: seed(&export.user_signing_key)?,
        })
    }

    pub(super) fn export(&self) -> CrossSigningKeyExport {
        let seed = |secret: &Secret| Some(secret.expose().to_owned());
        let mut export = CrossSigningKeyExport::default();
        export.master_key = seed(&self.master);
        export.self_signing_key = seed(&self.self_signing);
        export.user_signing_key = seed(&self.user_signing);
        export
    }
}
