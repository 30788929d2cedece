//! The verification digits of a login.

use crate::secret::secret_kind;

secret_kind! {
    /// The digits that the phone shows and the owner enters on the bridge's side.
    VerifyCode
}
